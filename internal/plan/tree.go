package plan

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// openTree makes a tree a detached mount with the container's owners.
func (c *compiler) openTree(what string, t Tree, out Reg) {
	sub := strings.TrimPrefix(path.Clean("/"+t.Sub), "/")
	switch {
	case sub == "":
		c.overlay(t.Rootfs, out)
	case t.Path != "":
		c.openSub(what, t.Path, sub, out)
		if c.userNS {
			c.b.idmap(what+" with the container's owners", out)
		}
	default:
		c.openSubOfOverlay(what, t.Rootfs, sub, out)
	}
}

// openSub picks up what lies at a path in a folder.
func (c *compiler) openSub(what, folder, sub string, out Reg) {
	b, dir := c.b, c.b.reg()
	b.call(what, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(folder), num(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)).out(dir)
	b.pick(what, dir, sub, out)
	b.close(dir)
}

// openSubOfOverlay picks up what lies at a path in an overlay.
func (c *compiler) openSubOfOverlay(what string, r Rootfs, sub string, out Reg) {
	b, whole := c.b, c.b.reg()
	c.overlay(r, whole)
	if !c.env.Kernel.DetachedLayers {
		// Nor can anything be picked up on such kernels from a mount that is not attached.
		b.call(what, unix.SYS_MOVE_MOUNT, from(whole), b.str(""), num(unix.AT_FDCWD), b.str(r.Base), num(unix.MOVE_MOUNT_F_EMPTY_PATH))
	}
	b.pick(what, whole, sub, out)
	if !c.env.Kernel.DetachedLayers {
		b.call(what, unix.SYS_UMOUNT2, b.str(r.Base), num(unix.MNT_DETACH))
	}
	b.close(whole)
}

// pick makes a mount of what lies at a path in a folder. No link leads out of that.
func (b *builder) pick(what string, dir Reg, sub string, out Reg) {
	at := b.reg()
	how := b.openHow(unix.O_PATH|unix.O_CLOEXEC, 0, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS)
	b.call(what+": find /"+sub+" in its source", unix.SYS_OPENAT2, from(dir), b.str(sub), how, num(24)).out(at)
	b.call(what, unix.SYS_OPEN_TREE, from(at), b.str(""), num(unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)).out(out)
	b.close(at)
}
