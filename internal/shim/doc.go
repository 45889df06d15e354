// Package shim is the language between the daemon and a container's shim, and the daemon's side of it.
//
// A shim is the small process that is the parent of one container's first process and of its execs. It owns their
// standard streams, terminals and log file, and keeps their exit status. It outlives the daemon: a daemon that starts
// again finds it by its folder.
//
// A shim's folder holds:
//
//	sock    the socket it listens on, mode 0600
//	exit    how the container ended, once it has: exit code, time in ns since 1970, whether memory ran out
//	stderr  what a dying shim had to say
//
// A connection carries one request and its answer, each a message: four bytes of length (big endian), a byte of kind,
// then fields as in package shim's codec. After the answer to Attach the connection carries the streams: towards the
// client the output (in frames of Docker's stream format unless there is a terminal), towards the shim the input.
// Descriptors travel with the request's first byte.
package shim
