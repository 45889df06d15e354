package plan

import (
	"strings"

	"golang.org/x/sys/unix"
)

// attrs are mount options in the kernel's forms: attributes of the mount, propagation, and options of the file system.
type attrs struct {
	set, clear  uint64   // MOUNT_ATTR_*
	recursive   uint64   // MOUNT_ATTR_* that hold for the mounts below as well ("rro" and its like)
	propagation uint64   // MS_PRIVATE and its like; 0: not said
	propagates  bool     // recursively
	bind        bool     //
	rbind       bool     //
	remount     bool     // of a mount that is in its place
	data        []string // "key=value" or "flag"
}

// mountFlags are the mount options that are attributes of a mount (mount(8), runtime specification, Mounts).
var mountFlags = map[string]struct {
	flag  uint64
	clear bool
}{
	"ro": {unix.MOUNT_ATTR_RDONLY, false}, "rw": {unix.MOUNT_ATTR_RDONLY, true},
	"nosuid": {unix.MOUNT_ATTR_NOSUID, false}, "suid": {unix.MOUNT_ATTR_NOSUID, true},
	"nodev": {unix.MOUNT_ATTR_NODEV, false}, "dev": {unix.MOUNT_ATTR_NODEV, true},
	"noexec": {unix.MOUNT_ATTR_NOEXEC, false}, "exec": {unix.MOUNT_ATTR_NOEXEC, true},
	"nodiratime": {unix.MOUNT_ATTR_NODIRATIME, false}, "diratime": {unix.MOUNT_ATTR_NODIRATIME, true},
	"noatime": {unix.MOUNT_ATTR_NOATIME, false}, "atime": {unix.MOUNT_ATTR_NOATIME, true},
	"strictatime": {unix.MOUNT_ATTR_STRICTATIME, false}, "nostrictatime": {unix.MOUNT_ATTR_STRICTATIME, true},
	"relatime": {unix.MOUNT_ATTR_RELATIME, false}, "norelatime": {unix.MOUNT_ATTR_RELATIME, true},
	"nosymfollow": {unix.MOUNT_ATTR_NOSYMFOLLOW, false}, "symfollow": {unix.MOUNT_ATTR_NOSYMFOLLOW, true},
}

var propagations = map[string]struct {
	flag      uint64
	recursive bool
}{
	"private": {unix.MS_PRIVATE, false}, "rprivate": {unix.MS_PRIVATE, true},
	"slave": {unix.MS_SLAVE, false}, "rslave": {unix.MS_SLAVE, true},
	"shared": {unix.MS_SHARED, false}, "rshared": {unix.MS_SHARED, true},
	"unbindable": {unix.MS_UNBINDABLE, false}, "runbindable": {unix.MS_UNBINDABLE, true},
}

// parseOptions sorts mount options; what is no attribute, propagation or known word is an option of the file system.
func parseOptions(options []string) attrs {
	var a attrs
	for _, o := range options {
		if f, ok := mountFlags[o]; ok {
			if f.clear {
				a.clear, a.set = a.clear|f.flag, a.set&^f.flag
			} else {
				a.set, a.clear = a.set|f.flag, a.clear&^f.flag
			}
			continue
		}
		if f, ok := mountFlags[strings.TrimPrefix(o, "r")]; ok && o[0] == 'r' && !f.clear {
			a.recursive |= f.flag
			continue
		}
		if p, ok := propagations[o]; ok {
			a.propagation, a.propagates = p.flag, p.recursive
			continue
		}
		switch o {
		case "bind":
			a.bind = true
		case "rbind":
			a.bind, a.rbind = true, true
		case "remount":
			a.remount = true
		case "defaults", "async", "idmap", "ridmap", "":
		default:
			a.data = append(a.data, o)
		}
	}
	return a
}
