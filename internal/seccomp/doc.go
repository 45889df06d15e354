// Package seccomp turns a seccomp profile into the classic BPF program that the kernel runs on every
// system call of a container.
//
// A profile is the seccomp section of an OCI runtime specification (specs.LinuxSeccomp). [Default] makes the one
// that Docker uses, for a set of capabilities; [Load] reads a user's, in Docker's format. [Compile] is the compiler,
// a pure function; a [Cache], owned by the caller, remembers what was made.
//
// The compiler works in two steps. Rules become a decision (decision.go): a tree of questions about one 32-bit word of
// the kernel's struct seccomp_data each, with a verdict at every end. The most frequent question is a search on
// a number line: which range does this word fall into. It serves for the architecture, for the number of the system call (where x32
// is merely the range above bit 30), and for the comparisons of arguments. The assembler (assemble.go) then lays the tree
// out from its ends to its root, so that the length of every jump is known when it is written.
//
// Where a profile leaves something open, libseccomp and runc, which most profiles are written for, are followed; each such
// place says so. The package never installs a filter: that is done by whoever is about to execve.
package seccomp
