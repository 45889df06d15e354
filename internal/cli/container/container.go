// Package container holds the commands on containers, one a file.
package container
