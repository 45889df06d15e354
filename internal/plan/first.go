package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// first is the part of the container's first process, in its new namespaces.
func (c *compiler) first() {
	b, s := c.b, c.spec
	b.call("begin a session", unix.SYS_SETSID)
	b.keyring()
	b.call("cut the mounts off from the host's", unix.SYS_MOUNT, num(0), b.str("/"), num(0), val(unix.MS_REC|unix.MS_PRIVATE), num(0))
	b.call("put the root file system in place", unix.SYS_MOVE_MOUNT, from(Root), b.str(""), num(unix.AT_FDCWD), b.str("/"), num(unix.MOVE_MOUNT_F_EMPTY_PATH))
	for i, m := range s.Mounts {
		c.mount(i, m)
	}
	c.console()
	c.placeOutside()
	c.hostnames()
	c.sysctls()
	for _, p := range s.Linux.ReadonlyPaths {
		c.readonly(p)
	}
	c.masks(s.Linux.MaskedPaths)
	c.makeWorkdir(s.Process.Cwd)
	for _, m := range c.sealed {
		t := b.reg()
		b.call("make "+m.Destination+" read-only", unix.SYS_OPENAT2, from(Root), b.str(strings.TrimPrefix(path.Clean(m.Destination), "/")),
			b.openHow(unix.O_PATH|unix.O_CLOEXEC, 0, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS), num(24)).out(t)
		c.change("make "+m.Destination+" read-only", t, parseOptions(m.Options).set, unix.MOUNT_ATTR_RDONLY, 0)
		b.close(t)
	}
	if s.Root != nil && s.Root.Readonly {
		c.change("make the root file system read-only", Root, 0, unix.MOUNT_ATTR_RDONLY, 0)
	}
	c.pivot()
	b.streams(s.Process.Terminal)
	c.last(s.Process)
}

// keyring gives the process a session keyring of its own, so that it does not see the engine's. It has no name: one with
// a name could be made ready by another container, which would then read what is put into it.
func (b *builder) keyring() {
	b.call("a keyring of its own", unix.SYS_KEYCTL, num(unix.KEYCTL_JOIN_SESSION_KEYRING), num(0)).
		allow(unix.ENOSYS, unix.EPERM, unix.EDQUOT, unix.ENOMEM, unix.EACCES)
}

// pivot makes the container's root the root and lets go of the host's.
func (c *compiler) pivot() {
	b := c.b
	b.call("go to the root file system", unix.SYS_FCHDIR, from(Root))
	b.call("make it the root", unix.SYS_PIVOT_ROOT, b.str("."), b.str("."))
	b.call("let go of the host's root", unix.SYS_UMOUNT2, b.str("."), num(unix.MNT_DETACH))
	b.call("go to the root", unix.SYS_CHDIR, b.str("/"))
	if prop, ok := propagations[c.spec.Linux.RootfsPropagation]; ok && prop.flag != unix.MS_PRIVATE {
		b.call("set the propagation of the root", unix.SYS_MOUNT, num(0), b.str("/"), num(0), val(prop.flag|unix.MS_REC), num(0))
	}
}

// mount puts one mount of the specification in its place.
func (c *compiler) mount(i int, m specs.Mount) {
	b := c.b
	what := fmt.Sprintf("mount %s on %s", m.Type, m.Destination)
	a := parseOptions(m.Options)
	switch {
	case a.remount:
		c.remount(m.Destination, a, c.attributesAt(m.Destination, c.spec.Mounts[:i]))
		return
	case m.Type == "symlink":
		c.link(m.Source, m.Destination)
		return
	}
	var mnt Reg
	file := false
	switch r, bound := c.binds[i]; {
	case bound:
		mnt, file, what = r, c.env.Files[m.Source], fmt.Sprintf("mount %s on %s", m.Source, m.Destination)
	case isDev(m):
		mnt = c.dev
	case isDevpts(m):
		mnt = Devpts
	default:
		flags := a.set
		if m.Type == "tmpfs" && flags&unix.MOUNT_ATTR_RDONLY != 0 {
			flags &^= unix.MOUNT_ATTR_RDONLY
			c.sealed = append(c.sealed, m)
		}
		kind, source := m.Type, m.Source
		if kind == "cgroup" || kind == "cgroup2" {
			source = kind
		}
		mnt = b.newFS(what, kind, source, a.data, flags)
	}
	if m.Type == "proc" && c.proc == 0 {
		c.proc = mnt
	}
	t := c.target(m.Destination, file)
	b.attach(what, mnt, t)
	if _, bound := c.binds[i]; bound && !c.env.Kernel.MountSetattr {
		c.adjustBind(what, mnt, m, a)
	}
	b.close(t)
}

// remount changes the attributes of a mount that is in place, which has some already.
func (c *compiler) remount(dest string, a attrs, has uint64) {
	b, t := c.b, c.b.reg()
	what := "remount " + dest
	b.call(what, unix.SYS_OPENAT2, from(Root), b.str(strings.TrimPrefix(path.Clean(dest), "/")),
		b.openHow(unix.O_PATH|unix.O_CLOEXEC, 0, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS), num(24)).out(t)
	c.change(what, t, has, a.set, a.clear)
	b.close(t)
}

// link makes a symbolic link inside a file system that was just mounted.
func (c *compiler) link(to, dest string) {
	b := c.b
	d := c.target(path.Dir(dest), false)
	b.call("link "+dest+" to "+to, unix.SYS_SYMLINKAT, b.str(to), from(d), b.str(path.Base(dest))).allow(unix.EEXIST)
	b.close(d)
}

// console shows the terminal at /dev/console.
func (c *compiler) console() {
	if !c.spec.Process.Terminal {
		return
	}
	const what = "mount the terminal on /dev/console"
	b, r := c.b, c.b.reg()
	clone := func(from Arg) {
		b.call(what, unix.SYS_OPEN_TREE, from, b.str(""), num(unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)).out(r)
	}
	if c.dev != 0 {
		t := b.reg()
		clone(from(PtySlave))
		b.call(what, unix.SYS_OPENAT, from(c.dev), b.str("console"), num(unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC)).out(t)
		b.attach(what, r, t)
		return
	}
	// Somebody has mounted something of his own on /dev: the terminal shows where there is a place for it.
	if !slices.ContainsFunc(c.spec.Mounts, func(m specs.Mount) bool { return path.Clean(m.Destination) == "/dev/pts" }) {
		const what = "show the terminal below /dev/pts"
		t, end := c.inside(what, "/dev/pts")
		b.attach(what, Devpts, t).allow(unix.ENOTDIR)
		end()
	}
	t, end := c.inside(what, "/dev/console")
	clone(from(PtySlave))
	b.attach(what, r, t).allow(unix.ENOTDIR)
	b.close(r)
	end()
}

// inside opens a place in the container that may be missing; the steps that follow are then left out (see end).
func (c *compiler) inside(what, place string) (t Reg, end func()) {
	b := c.b
	t = b.reg()
	rel := strings.TrimPrefix(path.Clean("/"+place), "/")
	at := b.mark()
	b.call(what, unix.SYS_OPENAT2, from(Root), b.str(rel), b.openHow(unix.O_PATH|unix.O_CLOEXEC, 0, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS), num(24)).
		out(t).allow(unix.ENOENT, unix.ENOTDIR)
	return t, func() {
		b.close(t)
		b.p.Steps[at].SkipErr = b.skipFrom(at + 1)
	}
}

func (c *compiler) readonly(place string) {
	b, r := c.b, c.b.reg()
	what := "make " + place + " read-only"
	t, end := c.inside(what, place)
	b.call(what, unix.SYS_OPEN_TREE, from(t), b.str(""), num(unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)).out(r)
	if c.env.Kernel.MountSetattr {
		b.setattr(what, r, unix.MOUNT_ATTR_RDONLY, 0, 0, unix.AT_RECURSIVE)
	}
	b.attach(what, r, t)
	if !c.env.Kernel.MountSetattr {
		c.change(what, r, c.attributesAt(place, c.spec.Mounts), unix.MOUNT_ATTR_RDONLY, 0)
	}
	b.close(r)
	end()
}

// masks covers paths: a folder with an empty read-only tmpfs, a file with the null device.
func (c *compiler) masks(paths []string) {
	if len(paths) == 0 {
		return
	}
	b, null, r := c.b, c.b.reg(), c.b.reg()
	if c.dev != 0 {
		b.call("mask paths", unix.SYS_OPENAT, from(c.dev), b.str("null"), num(unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW)).out(null)
	} else {
		// Whatever lies on the container's /dev, the host's is still in sight.
		b.call("mask paths", unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str("/dev/null"), num(unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW)).out(null)
	}
	for _, p := range paths {
		c.mask(p, null, r)
	}
}

// mask covers one path. What it is shows when it is opened: first as a folder, then as anything else.
func (c *compiler) mask(place string, null, r Reg) {
	b, what, t := c.b, "mask "+place, c.b.reg()
	rel := strings.TrimPrefix(path.Clean("/"+place), "/")
	open := func(flags uint64) *Step {
		how := b.openHow(unix.O_PATH|unix.O_CLOEXEC|flags, 0, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS)
		return b.call(what, unix.SYS_OPENAT2, from(Root), b.str(rel), how, num(24)).out(t).allow(unix.ENOENT, unix.ENOTDIR)
	}
	const sealed = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
	open(unix.O_DIRECTORY)
	folder := b.mark()
	empty := b.newFS(what, "tmpfs", "tmpfs", nil, sealed)
	b.attach(what, empty, t)
	b.close(empty)
	b.close(t)
	b.p.Steps[folder-1].SkipErr = b.skipFrom(folder)
	file := b.mark()
	open(0)
	found := b.mark()
	b.call(what, unix.SYS_OPEN_TREE, from(null), b.str(""), num(unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)).out(r)
	b.attach(what, r, t)
	b.close(r)
	b.close(t)
	b.p.Steps[found-1].SkipErr = b.skipFrom(found)
	b.p.Steps[file-1].SkipOK = b.skipFrom(file) // a folder is covered already
}

// makeWorkdir makes the working directory if the image lacks it, as Docker does.
func (c *compiler) makeWorkdir(cwd string) {
	if cwd == "" || path.Clean(cwd) == "/" {
		return
	}
	t := c.target(cwd, false)
	c.b.close(t)
}
