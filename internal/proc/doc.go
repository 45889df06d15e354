// Package proc reads what the kernel tells in /proc of processes, processors, and the network interfaces that a process sees.
//
// It asks nobody and starts nothing: no ps, no thread that enters a namespace. A process that ends while it is looked at is an error of the
// class NotFound.
package proc
