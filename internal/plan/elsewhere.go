package plan

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// openElsewhere picks a mount up in the mount namespace of another container: the kernel lets nobody take it from outside.
// The thread goes there for it and comes back. What it finds there is the other container's, who may have put anything in
// the place; no symbolic link is followed.
func (b *builder) openElsewhere(what string, place Place, mnt Reg) {
	home, there, at := b.reg(), b.reg(), b.reg()
	open := num(unix.O_RDONLY | unix.O_CLOEXEC)
	b.call(what, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str("/proc/thread-self/ns/mnt"), open).out(home)
	b.call(what, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(place.Namespace), open).out(there)
	b.call(what, unix.SYS_UNSHARE, num(unix.CLONE_FS))
	b.call(what+": enter its mount namespace", unix.SYS_SETNS, from(there), num(unix.CLONE_NEWNS))
	b.call(what, unix.SYS_OPENAT2, num(unix.AT_FDCWD), b.str(strings.TrimPrefix(path.Clean(place.Path), "/")),
		b.openHow(unix.O_PATH|unix.O_CLOEXEC, 0, unix.RESOLVE_NO_SYMLINKS), num(24)).out(at)
	b.call(what, unix.SYS_OPEN_TREE, from(at), b.str(""), num(unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)).out(mnt)
	b.call(what+": come back", unix.SYS_SETNS, from(home), num(unix.CLONE_NEWNS))
	for _, r := range []Reg{at, there, home} {
		b.close(r)
	}
}
