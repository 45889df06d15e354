package plan

import (
	"fmt"
	"path"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// openHow puts a struct open_how (openat2(2)) into the arena.
func (b *builder) openHow(flags, mode, resolve uint64) Arg {
	return ptr(b.words(flags, mode, resolve))
}

// close closes what a register holds and empties it.
func (b *builder) close(r Reg) {
	b.call("close", unix.SYS_CLOSE, from(r)).out(r)
}

// newFS makes a file system of the given type, not attached anywhere, and gives the register of its mount.
func (b *builder) newFS(what, kind, source string, options []string, flags uint64) Reg {
	fs, mnt := b.reg(), b.reg()
	b.call(what+": open file system "+kind, unix.SYS_FSOPEN, b.str(kind), num(unix.FSOPEN_CLOEXEC)).out(fs)
	if source != "" {
		b.fsString(what, fs, "source", source)
	}
	for _, o := range options {
		if key, value, ok := strings.Cut(o, "="); ok {
			b.fsString(what, fs, key, value)
		} else {
			b.call(what+": option "+o, unix.SYS_FSCONFIG, from(fs), num(unix.FSCONFIG_SET_FLAG), b.str(o), num(0), num(0))
		}
	}
	b.mountFS(what, fs, mnt, flags)
	return mnt
}

func (b *builder) fsString(what string, fs Reg, key, value string) {
	b.call(what+": option "+key+"="+value, unix.SYS_FSCONFIG, from(fs), num(unix.FSCONFIG_SET_STRING), b.str(key), b.str(value), num(0))
}

func (b *builder) mountFS(what string, fs, mnt Reg, flags uint64) {
	b.call(what, unix.SYS_FSCONFIG, from(fs), num(unix.FSCONFIG_CMD_CREATE), num(0), num(0), num(0))
	b.call(what, unix.SYS_FSMOUNT, from(fs), num(unix.FSMOUNT_CLOEXEC), val(flags)).out(mnt)
	b.close(fs)
}

// attach moves a detached mount onto what the register target holds.
func (b *builder) attach(what string, mnt, target Reg) *Step {
	return b.call(what, unix.SYS_MOVE_MOUNT, from(mnt), b.str(""), from(target), b.str(""),
		num(unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH))
}

// strict are the targets that no image may redirect by a symbolic link.
var strict = map[string]bool{"/dev": true, "/proc": true, "/sys": true, "/dev/pts": true, "/dev/shm": true, "/dev/mqueue": true, "/dev/console": true, "/sys/fs/cgroup": true}

// target resolves a place in the container's root and makes it if it is missing: a folder, or an empty file.
func (c *compiler) target(dest string, file bool) Reg {
	b, t, d := c.b, c.b.reg(), c.b.reg()
	dest = path.Clean("/" + dest)
	if to, ok := c.env.Links[dest]; ok && !strict[dest] {
		dest = path.Clean("/" + to)
	}
	rel := strings.TrimPrefix(dest, "/")
	resolve := uint64(unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS)
	if strict[dest] {
		resolve |= unix.RESOLVE_NO_SYMLINKS
	}
	if rel == "" {
		rel = "."
	}
	how := b.openHow(unix.O_PATH|unix.O_CLOEXEC, 0, resolve)
	open := func() *Step {
		return b.call("find "+dest+" in the container", unix.SYS_OPENAT2, from(Root), b.str(rel), how, num(24)).out(t)
	}
	open().allow(unix.ENOENT)
	missing := b.mark()
	b.create(d, rel, dest, file, resolve)
	open()
	b.p.Steps[missing-1].SkipOK = b.skipFrom(missing)
	return t
}

// create makes a place in the container's root that is missing. Most often only its last component is.
func (b *builder) create(d Reg, rel, dest string, file bool, resolve uint64) {
	dir := b.openHow(unix.O_PATH|unix.O_CLOEXEC|unix.O_DIRECTORY, 0, resolve)
	enter := func(folder string) *Step {
		return b.call("find /"+folder+" in the container", unix.SYS_OPENAT2, from(Root), b.str(folder), dir, num(24)).out(d)
	}
	make := func(part, whole string) {
		b.call("make the folder /"+whole+" in the container", unix.SYS_MKDIRAT, from(d), b.str(part), num(0o755)).allow(unix.EEXIST)
		b.close(d)
	}
	parts := strings.Split(rel, "/")
	parent := path.Dir(rel)
	// The parents, one after the other, unless the last of them is there.
	enter(parent).allow(unix.ENOENT)
	at := b.mark()
	for i, part := range parts[:len(parts)-1] {
		above := "."
		if i > 0 {
			above = strings.Join(parts[:i], "/")
		}
		enter(above)
		make(part, strings.Join(parts[:i+1], "/"))
	}
	enter(parent)
	b.p.Steps[at-1].SkipOK = b.skipFrom(at)
	if !file {
		make(parts[len(parts)-1], rel)
		return
	}
	b.close(d)
	how := b.openHow(unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o644, resolve)
	b.call("make the file "+dest+" in the container", unix.SYS_OPENAT2, from(Root), b.str(rel), how, num(24)).out(d)
	b.close(d)
}

// IsBind tells whether a mount of a specification shows what lies at its source.
func IsBind(m specs.Mount) bool {
	return m.Type == "bind" || (m.Type == "" || m.Type == "none") && parseOptions(m.Options).bind
}

// bindSources opens the sources of all binds but some.
func (c *compiler) bindSources(but func(specs.Mount) bool) {
	for i, m := range c.spec.Mounts {
		if IsBind(m) && !but(m) {
			c.binds[i] = c.bindSource(m, parseOptions(m.Options))
		}
	}
}

// bindSource opens a path of the host as a detached mount with the attributes that it is to have in the container.
func (c *compiler) bindSource(m specs.Mount, a attrs) Reg {
	b := c.b
	flags := uint64(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC)
	recursive := uint64(0)
	if a.rbind {
		flags |= unix.AT_RECURSIVE
		recursive = unix.AT_RECURSIVE
	}
	what := fmt.Sprintf("mount %s on %s", m.Source, m.Destination)
	tree, isTree := c.env.Trees[m.Source]
	r, open := c.shown[m.Source]
	if !open {
		r = b.reg()
	}
	if place, ok := c.env.Elsewhere[m.Source]; ok {
		b.openElsewhere(what, place, r)
	} else if isTree && !open {
		c.openTree(what, m.Source, tree, r)
	} else if !isTree {
		b.call(what, unix.SYS_OPEN_TREE, num(unix.AT_FDCWD), b.str(m.Source), val(flags)).out(r)
	}
	if _, theirs := c.env.Elsewhere[m.Source]; c.userNS && !theirs && !isTree && !c.env.Unmapped[m.Source] {
		attr := b.mountAttr(unix.MOUNT_ATTR_IDMAP, 0, 0)
		owners := func(recursive uint64) *Step {
			return b.call(what+" with the container's owners", unix.SYS_MOUNT_SETATTR, from(r), b.str(""), val(unix.AT_EMPTY_PATH|recursive), ptr(attr), num(sizeMountAttr)).
				patch(Patch32, UserNS, attr+24).allow(unix.EINVAL, unix.EPERM)
		}
		warning := what + ": its file system takes no id map, so files there show the host's owners"
		if recursive == 0 {
			owners(0).Warning = warning
		} else {
			// One mount below that takes no id map is enough for the whole to fail: then the topmost has it alone.
			owners(recursive).SkipOK = 1
			owners(0).Warning = warning
		}
	}
	if !c.env.Kernel.MountSetattr {
		return r // see adjustBind
	}
	propagation := a.propagation
	if propagation == 0 {
		propagation, a.propagates = unix.MS_PRIVATE, true
	}
	deep := uint64(0)
	if a.propagates {
		deep = unix.AT_RECURSIVE
	}
	b.setattr(what, r, 0, 0, propagation, deep)
	if a.set|a.clear != 0 {
		b.setattr(what, r, a.set, a.clear, 0, 0)
	}
	if a.recursive != 0 {
		b.setattr(what, r, a.recursive, 0, 0, unix.AT_RECURSIVE)
	}
	return r
}
