// Package passwd finds out who a process in a container runs as, from what the user or the image says ("", "name", "uid", "name:group",
// "uid:gid", …) and from the image's /etc/passwd and /etc/group.
//
// Those files are an image's, so nothing of them is trusted. Docker's rules hold for files that are in order. Where its parser makes do with
// one that is not, by taking an id that it cannot read for 0, this one does not: a line without valid ids is no entry, and nobody
// becomes root because of a typing error.
//
//	resolve.go  the rules
//	arg.go      one side of "user:group": a name or a number
//	files.go    lines -> entries, within limits
package passwd
