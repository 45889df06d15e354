// Package volume holds the commands on volumes, one a file.
package volume
