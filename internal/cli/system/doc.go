// Package system holds the commands on the engine as a whole, and on objects of any kind.
package system
