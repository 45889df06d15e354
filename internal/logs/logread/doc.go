// Package logread reads the log files that package logs writes, in the daemon, while the shim of the container goes on writing and
// rotating them.
//
//	read.go    what can be asked for, and the use case from the first entry to the last
//	files.go   the files of a log at one moment
//	tail.go    where the last n entries begin
//	scan.go    bytes -> lines
//	entry.go   a line -> an entry (pure)
//	follow.go  from the end of a file to what is written next, be it in another file
//	watch.go   who is woken when a file changes
package logread
