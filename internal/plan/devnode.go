package plan

import (
	"fmt"
	"path"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

var nodeTypes = map[string]uint64{"c": unix.S_IFCHR, "u": unix.S_IFCHR, "b": unix.S_IFBLK, "p": unix.S_IFIFO}

// inDev gives a device's name below /dev; not ok if it is to lie elsewhere.
func inDev(d specs.LinuxDevice) (rel string, ok bool) {
	return strings.CutPrefix(path.Clean(d.Path), "/dev/")
}

// devNode makes a device node that is to lie below /dev, in the tmpfs for /dev.
func (c *compiler) devNode(d specs.LinuxDevice, dirs map[string]bool) {
	rel, ok := inDev(d)
	if !ok {
		return // see outside
	}
	c.devDir(path.Dir(rel), dirs)
	c.makeNode(d, rel)
}

// makeNode makes the node of a device under a name below /dev, with its owner.
func (c *compiler) makeNode(d specs.LinuxDevice, rel string) {
	b := c.b
	mode := uint64(0o666)
	if d.FileMode != nil {
		mode = uint64(d.FileMode.Perm())
	}
	dev := unix.Mkdev(uint32(d.Major), uint32(d.Minor))
	b.call("make /dev/"+rel, unix.SYS_MKNODAT, from(c.dev), b.str(rel), val(nodeTypes[d.Type]|mode), val(dev)).allow(unix.EEXIST)
	uid, gid := c.base(), c.base()
	if d.UID != nil {
		uid += *d.UID
	}
	if d.GID != nil {
		gid += *d.GID
	}
	if uid != c.base() || gid != c.base() {
		b.call("make /dev/"+rel, unix.SYS_FCHOWNAT, from(c.dev), b.str(rel), val(uint64(uid)), val(uint64(gid)), num(unix.AT_SYMLINK_NOFOLLOW))
	}
}

// outside are the devices that are to lie elsewhere than below /dev. In a user namespace no node can be made there, nor
// would it be of use on the container's root: each is made below /dev under a hidden name, bound to its place, and the
// name taken away.
func (c *compiler) outside() []specs.LinuxDevice {
	var list []specs.LinuxDevice
	for _, d := range c.spec.Linux.Devices {
		if _, ok := inDev(d); !ok {
			list = append(list, d)
		}
	}
	return list
}

// hidden is the name below /dev of a device that is to lie outside, until it does.
func hidden(i int) string { return fmt.Sprintf(".outside%d", i) }

// placeOutside binds the devices that are to lie outside of /dev to their places.
func (c *compiler) placeOutside() {
	for i, d := range c.outside() {
		if c.dev == 0 {
			c.b.fail(&DeviceError{d.Path})
			return
		}
		b, node, mnt := c.b, c.b.reg(), c.b.reg()
		what := "put the device " + d.Path + " in its place"
		b.call(what, unix.SYS_OPENAT, from(c.dev), b.str(hidden(i)), num(unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC)).out(node)
		b.call(what, unix.SYS_OPEN_TREE, from(node), b.str(""), num(unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)).out(mnt)
		t := c.target(d.Path, true)
		b.attach(what, mnt, t)
		b.call(what, unix.SYS_UNLINKAT, from(c.dev), b.str(hidden(i)), num(0))
		for _, r := range []Reg{t, mnt, node} {
			b.close(r)
		}
	}
}

// DeviceError is a device that is to lie outside of a /dev that is not the container's own.
type DeviceError struct{ Path string }

func (e *DeviceError) Error() string {
	return "device " + e.Path + ": with something else mounted on /dev, tug makes no devices outside of it"
}
