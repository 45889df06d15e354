package plan

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// rootfs makes the container's root.
func (c *compiler) rootfs() { c.overlay(c.env.Rootfs, Root) }

// overlay makes an overlay of id-mapped layers as a detached mount, or takes a folder as it is.
func (c *compiler) overlay(r Rootfs, out Reg) {
	b := c.b
	if r.Path != "" {
		b.call("open the root file system "+r.Path, unix.SYS_OPEN_TREE, num(unix.AT_FDCWD), b.str(r.Path), num(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)).out(out)
		if c.userNS {
			b.idmap("map the owners of "+r.Path, out)
		}
		return
	}
	r.Upper, r.Work = cmp.Or(r.Upper, "upper"), cmp.Or(r.Work, "work")
	if !c.env.Kernel.DetachedLayers {
		// Older kernels take no layer from a detached mount: they are attached in a mount namespace that only this thread has.
		c.privateMounts()
	}
	layers, own := b.reg(), NoReg
	c.clone(layers, r.Base)
	if r.Dir != "" {
		own = b.reg()
		c.clone(own, r.Dir)
	}
	if c.env.Kernel.LowerdirAdd {
		c.configureOverlay(r, layers, own, out)
	} else {
		c.mountOverlay(r, layers, own, out)
	}
	b.close(layers)
	if r.Dir != "" {
		b.close(own)
	}
	if !c.env.Kernel.DetachedLayers {
		if r.Dir != "" {
			b.call("detach the layers", unix.SYS_UMOUNT2, b.str(r.Dir), num(unix.MNT_DETACH))
		}
		b.call("detach the layers", unix.SYS_UMOUNT2, b.str(r.Base), num(unix.MNT_DETACH))
	}
}

// selfContained are options by which the writable layer has all that was changed, whatever the kernel's defaults are: no folder in it
// refers to one of the layers below by another name, no file to content there. And it does not remember which layers those were.
var selfContained = [][2]string{{"redirect_dir", "off"}, {"metacopy", "off"}, {"index", "off"}}

const volatileOption = "volatile" // since Linux 5.10

// ForgetVolatile has the kernel take an upper folder again that was below an overlay without waiting for the disk, which it refuses by a mark in the
// work folder: what a loss of power had left there could not be trusted. That it is brought to disk, or dropped, is for the caller to see to.
func ForgetVolatile(work string) error { return os.RemoveAll(filepath.Join(work, "work", "incompat")) }

// privateMounts gives the thread a mount namespace of its own, from which no mount spreads to the host's.
func (c *compiler) privateMounts() {
	if c.private {
		return
	}
	c.private = true
	b := c.b
	b.call("a private mount namespace", unix.SYS_UNSHARE, num(unix.CLONE_NEWNS))
	b.call("a private mount namespace", unix.SYS_MOUNT, num(0), b.str("/"), num(0), num(unix.MS_REC|unix.MS_SLAVE), num(0))
}

// configureOverlay makes the overlay with fsconfig(2), which takes layers one by one.
func (c *compiler) configureOverlay(r Rootfs, layers, own, out Reg) {
	b := c.b
	fs, dir := b.reg(), b.reg()
	b.call("open file system overlay", unix.SYS_FSOPEN, b.str("overlay"), num(unix.FSOPEN_CLOEXEC)).out(fs)
	b.fsString("open file system overlay", fs, "source", "overlay")
	how := b.openHow(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS)
	set := func(key string, at Reg, name string) {
		what := "overlay: " + key + " " + name
		b.call(what, unix.SYS_OPENAT2, from(at), b.str(name), how, num(24)).out(dir)
		if c.env.Kernel.OverlayFD {
			b.call(what, unix.SYS_FSCONFIG, from(fs), num(unix.FSCONFIG_SET_FD), b.str(key), num(0), from(dir))
		} else {
			link := b.block([]byte(selfFD + fdRoom + "\x00"))
			b.call(what, unix.SYS_FSCONFIG, from(fs), num(unix.FSCONFIG_SET_STRING), b.str(key), ptr(link), num(0)).
				patch(PatchDec, dir, link+uint32(len(selfFD)))
		}
		b.close(dir)
	}
	for _, l := range r.Layers {
		set("lowerdir+", layers, l)
	}
	if r.Dir != "" {
		set("upperdir", own, r.Upper)
		set("workdir", own, r.Work)
	}
	for _, o := range selfContained {
		b.fsString("overlay: "+o[0]+"="+o[1], fs, o[0], o[1])
	}
	if r.Volatile {
		b.call("overlay: "+volatileOption, unix.SYS_FSCONFIG, from(fs), num(unix.FSCONFIG_SET_FLAG), b.str(volatileOption), num(0), num(0))
	}
	b.asOwner(c.base(), c.env.Kernel.Caps, func() {
		b.call("make the overlay", unix.SYS_FSCONFIG, from(fs), num(unix.FSCONFIG_CMD_CREATE), num(0), num(0), num(0))
	})
	flags := uint64(0)
	if c.userNS {
		flags = unix.MOUNT_ATTR_NODEV
	}
	b.call("make the overlay", unix.SYS_FSMOUNT, from(fs), num(unix.FSMOUNT_CLOEXEC), val(flags)).out(out)
	b.close(fs)
}

// selfFD is where a process finds its descriptors by name.
const selfFD = "/proc/self/fd/"

// fdRoom is what PatchDec overwrites.
const fdRoom = "########"

// escapeLayer escapes what separates layers and options in an overlay's option string.
var escapeLayer = strings.NewReplacer(`\`, `\\`, `:`, `\:`, `,`, `\,`)

// mountOverlay makes the overlay with mount(2), for kernels before 6.8, and picks it up. The layers are named from their
// base, for all options together must fit into a page.
func (c *compiler) mountOverlay(r Rootfs, layers, own, out Reg) {
	b := c.b
	names := make([]string, len(r.Layers))
	for i, l := range r.Layers {
		names[i] = escapeLayer.Replace(l)
	}
	link := selfFD + fdRoom
	options := "lowerdir=" + strings.Join(names, ":")
	place := r.Base
	var upper, work uint32
	if r.Dir != "" {
		place = r.Dir
		upper = uint32(len(options + ",upperdir=" + selfFD))
		options += ",upperdir=" + link + "/" + escapeLayer.Replace(r.Upper)
		work = uint32(len(options + ",workdir=" + selfFD))
		options += ",workdir=" + link + "/" + escapeLayer.Replace(r.Work)
	}
	for _, o := range selfContained {
		options += "," + o[0] + "=" + o[1]
	}
	if r.Volatile {
		options += "," + volatileOption
	}
	if len(options) >= os.Getpagesize() {
		b.fail(errors.New("the image has too many layers for this kernel: Linux 6.8 and up take them one by one"))
	}
	flags := uint64(0)
	if c.userNS {
		flags = unix.MS_NODEV
	}
	at := b.block(append([]byte(options), 0))
	b.call("go to the layers", unix.SYS_FCHDIR, from(layers))
	b.asOwner(c.base(), c.env.Kernel.Caps, func() {
		step := b.call("make the overlay", unix.SYS_MOUNT, b.str("overlay"), b.str(place), b.str("overlay"), val(flags), ptr(at))
		if r.Dir != "" {
			step.patch(PatchDec, own, at+upper).patch(PatchDec, own, at+work)
		}
	})
	b.call("pick the overlay up", unix.SYS_OPEN_TREE, num(unix.AT_FDCWD), b.str(place), num(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)).out(out)
	b.call("pick the overlay up", unix.SYS_UMOUNT2, b.str(place), num(unix.MNT_DETACH))
	b.call("go back to the root", unix.SYS_CHDIR, b.str("/"))
}

// clone makes a detached mount of a folder, seen with the container's owners.
func (c *compiler) clone(r Reg, dir string) {
	b := c.b
	b.call("open "+dir, unix.SYS_OPEN_TREE, num(unix.AT_FDCWD), b.str(dir), num(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)).out(r)
	if c.userNS {
		b.idmap("map the owners of "+dir, r)
	}
	if !c.env.Kernel.DetachedLayers {
		b.call("attach the layers", unix.SYS_MOVE_MOUNT, from(r), b.str(""), num(unix.AT_FDCWD), b.str(dir), num(unix.MOVE_MOUNT_F_EMPTY_PATH))
	}
}
