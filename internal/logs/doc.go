// Package logs owns a container's log file: it turns what a container writes into lines of Docker's json-file format and
// keeps those lines in a file of bounded size with rotated predecessors.
//
// The package is linked into the shim, one of which runs for every container. It therefore imports little, has a goroutine only while
// it compresses a rotated file and for a log that must not block, and never syncs: a log is worth a page cache, not a disk flush.
// Reading is the daemon's work and lies in package logread, the user's options in package logopt.
//
//	encode.go    one entry as bytes (pure)
//	stream.go    bytes of a container -> entries: where lines begin and end, what is split
//	writer.go    entries -> the file, in batches
//	rotate.go    x.log -> x.log.1 -> x.log.2 …
//	compress.go  x.log.1 -> x.log.1.gz
//	names.go     what the files are called
//	lock.go      how the writer and the readers of other processes agree on what is called how
//	repair.go    what a killed writer may have left behind
//	clear.go     emptying a log
//	nonblock.go  a stream that drops lines instead of making the container wait
//
// # What readers may rely on
//
// An entry is a line and exists once its newline is in the file. A file only grows, and ends in a whole entry when it is
// renamed to ".1"; from then on nothing is written to it. It shrinks in two cases: [Clear] empties it, and [OpenWriter] cuts off an entry
// that a killed writer left without its newline. Names change only under the exclusive lock of [Lock], so whoever holds the
// shared one sees every file once and in order.
package logs
