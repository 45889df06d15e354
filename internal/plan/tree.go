package plan

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// openTree makes a tree a detached mount with the container's owners.
func (c *compiler) openTree(what, name string, t Tree, out Reg) {
	sub, others := t.sub(), c.sameOverlay(name, t)
	switch {
	case len(others) > 0:
		shown := map[Reg]string{out: sub}
		for _, other := range others {
			r := c.b.reg()
			c.shown[other], shown[r] = r, c.env.Trees[other].sub()
		}
		c.showOverlay(what, t.Rootfs, shown)
	case sub == "":
		c.overlay(t.Rootfs, out)
	case t.Path != "":
		c.openSub(what, t.Path, sub, out)
		if c.userNS {
			c.b.idmap(what+" with the container's owners", out)
		}
	default:
		c.showOverlay(what, t.Rootfs, map[Reg]string{out: sub})
	}
}

func (t Tree) sub() string { return strings.TrimPrefix(path.Clean("/"+t.Sub), "/") }

// sameOverlay names the other trees that show something of the same overlay, where that is written in: the kernel takes a folder for what is written
// into one overlay only.
func (c *compiler) sameOverlay(name string, t Tree) (others []string) {
	for other, o := range c.env.Trees {
		if other != name && t.Dir != "" && o.Dir == t.Dir && o.Upper == t.Upper {
			others = append(others, other)
		}
	}
	slices.Sort(others)
	return others
}

// openSub picks up what lies at a path in a folder.
func (c *compiler) openSub(what, folder, sub string, out Reg) {
	b, dir := c.b, c.b.reg()
	b.call(what, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(folder), num(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)).out(dir)
	b.pick(what, dir, sub, out)
	b.close(dir)
}

// showOverlay picks up what lies at paths in an overlay.
func (c *compiler) showOverlay(what string, r Rootfs, shown map[Reg]string) {
	b, whole := c.b, c.b.reg()
	c.overlay(r, whole)
	if !c.env.Kernel.DetachedLayers {
		// Nor can anything be picked up on such kernels from a mount that is not attached.
		b.call(what, unix.SYS_MOVE_MOUNT, from(whole), b.str(""), num(unix.AT_FDCWD), b.str(r.Base), num(unix.MOVE_MOUNT_F_EMPTY_PATH))
	}
	for _, out := range slices.Sorted(maps.Keys(shown)) {
		b.pick(what, whole, cmp.Or(shown[out], "."), out)
	}
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
