package plan

import (
	"path"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// mountAttr puts a struct mount_attr (mount_setattr(2)) into the arena and gives its offset.
func (b *builder) mountAttr(set, clear, propagation uint64) uint32 {
	if set&unix.MOUNT_ATTR__ATIME != 0 || clear&unix.MOUNT_ATTR__ATIME != 0 {
		clear |= unix.MOUNT_ATTR__ATIME
	}
	return b.words(set, clear, propagation, 0)
}

const sizeMountAttr = 32

func (b *builder) setattr(what string, mnt Reg, set, clear, propagation, recursive uint64) {
	b.call(what, unix.SYS_MOUNT_SETATTR, from(mnt), b.str(""), val(unix.AT_EMPTY_PATH|recursive),
		ptr(b.mountAttr(set, clear, propagation)), num(sizeMountAttr))
}

// change changes the attributes of a mount that is in its place. Those that it has are needed only before Linux 5.12,
// where mount(2) sets all at once.
func (c *compiler) change(what string, mnt Reg, has, set, clear uint64) {
	if c.env.Kernel.MountSetattr {
		c.b.setattr(what, mnt, set, clear, 0, 0)
		return
	}
	c.b.mountFlags(what, mnt, unix.MS_REMOUNT|unix.MS_BIND|mountFlagsOf(has&^clear|set))
}

// mountFlags calls mount(2) on a mount that is in its place, by its descriptor's name. That is looked up in the host's
// procfs, which is there until the container's root becomes the root, and in which no container has a say.
func (b *builder) mountFlags(what string, mnt Reg, flags uint64) {
	link := b.block([]byte(selfFD + fdRoom + "\x00"))
	b.call(what, unix.SYS_MOUNT, num(0), ptr(link), num(0), val(flags), num(0)).patch(PatchDec, mnt, link+uint32(len(selfFD)))
}

// adjustBind gives a bind what bindSource cannot before Linux 5.12: propagation and attributes can then be changed only
// once the mount is in its place, and attributes only one mount at a time.
func (c *compiler) adjustBind(what string, mnt Reg, m specs.Mount, a attrs) {
	propagation, deep := a.propagation, a.propagates
	if propagation == 0 {
		propagation, deep = unix.MS_PRIVATE, true
	}
	if deep {
		propagation |= unix.MS_REC
	}
	c.b.mountFlags(what, mnt, propagation)
	if a.recursive != 0 {
		c.b.fail(&RecursiveError{m.Destination})
	}
	if a.set|a.clear != 0 {
		c.change(what, mnt, c.env.Attributes[m.Source], a.set, a.clear)
	}
}

// RecursiveError is a mount whose attributes are to hold for the mounts below it, on a kernel that cannot do that.
type RecursiveError struct{ Destination string }

func (e *RecursiveError) Error() string {
	return "mount on " + e.Destination + ": to make the mounts below it read-only too, Linux 5.12 is needed"
}

// attributesAt gives the attributes that the mount has in which a place lies, after the first mounts of the specification.
func (c *compiler) attributesAt(place string, mounts []specs.Mount) uint64 {
	at, has := "", uint64(0)
	for _, m := range mounts {
		dest := path.Clean("/" + m.Destination)
		if len(dest) < len(at) || !within(path.Clean("/"+place), dest) || m.Type == "symlink" {
			continue
		}
		a := parseOptions(m.Options)
		if !a.remount {
			has = c.env.Attributes[m.Source]
		}
		at, has = dest, has&^a.clear|a.set
	}
	return has
}

// within tells whether a place is a folder or lies below it.
func within(place, folder string) bool {
	return folder == "/" || place == folder || strings.HasPrefix(place, folder+"/")
}

// mountFlagsOf gives attributes as flags of mount(2). None about access times means that they stay as they are.
func mountFlagsOf(attributes uint64) uint64 {
	flags := uint64(0)
	for _, f := range []struct{ attribute, flag uint64 }{
		{unix.MOUNT_ATTR_RDONLY, unix.MS_RDONLY},
		{unix.MOUNT_ATTR_NOSUID, unix.MS_NOSUID},
		{unix.MOUNT_ATTR_NODEV, unix.MS_NODEV},
		{unix.MOUNT_ATTR_NOEXEC, unix.MS_NOEXEC},
		{unix.MOUNT_ATTR_NOATIME, unix.MS_NOATIME},
		{unix.MOUNT_ATTR_STRICTATIME, unix.MS_STRICTATIME},
		{unix.MOUNT_ATTR_NODIRATIME, unix.MS_NODIRATIME},
		{unix.MOUNT_ATTR_NOSYMFOLLOW, unix.MS_NOSYMFOLLOW},
	} {
		if attributes&f.attribute != 0 {
			flags |= f.flag
		}
	}
	return flags
}

// Attributes gives the attributes of a mount (MOUNT_ATTR_*) of which statfs(2) has given the flags. Those about access
// times are left out.
func Attributes(statfs int64) uint64 {
	const same = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
	const noSymFollow = 0x2000 // ST_NOSYMFOLLOW
	attributes := uint64(statfs) & same
	if statfs&noSymFollow != 0 {
		attributes |= unix.MOUNT_ATTR_NOSYMFOLLOW
	}
	return attributes
}
