package plan

import (
	"encoding/binary"
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// devLinks are the symbolic links that every /dev has.
var devLinks = [][2]string{{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"}}

// isDev tells whether a mount is the tmpfs for /dev, which the shim makes: a user namespace may not make device nodes.
func isDev(m specs.Mount) bool { return path.Clean(m.Destination) == "/dev" && m.Type == "tmpfs" }

func isDevpts(m specs.Mount) bool { return m.Type == "devpts" }

// terminal makes /dev with its nodes, the container's devpts, and in it the terminal of the process.
func (c *compiler) terminal() {
	b := c.b
	for _, m := range c.spec.Mounts {
		switch {
		case isDev(m):
			c.makeDev(m)
		case isDevpts(m):
			c.makeDevpts("mount devpts on "+m.Destination, m.Options)
		}
	}
	if !slices.ContainsFunc(c.spec.Mounts, isDevpts) {
		c.makeDevpts("make terminals", []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"})
	}
	if c.spec.Process.Terminal {
		b.openTerminal(c.base()+c.spec.Process.User.UID, c.spec.Process.ConsoleSize)
	}
}

// makeDevpts makes the file system in which the container and its execs have their terminals. If somebody has mounted
// something of his own on /dev, this one is there all the same.
func (c *compiler) makeDevpts(what string, options []string) {
	b, a, fs := c.b, parseOptions(options), c.b.reg()
	b.call(what, unix.SYS_FSOPEN, b.str("devpts"), num(unix.FSOPEN_CLOEXEC)).out(fs)
	b.fsString(what, fs, "source", "devpts")
	for _, o := range a.data {
		if key, value, ok := strings.Cut(o, "="); ok {
			b.fsString(what, fs, key, shiftGid(key, value, c.base()))
		}
	}
	b.asOwner(c.base(), c.env.Kernel.Caps, func() { b.mountFS(what, fs, Devpts, a.set) })
	if c.userNS {
		b.call(what, unix.SYS_FCHOWNAT, from(Devpts), b.str(""), val(uint64(c.base())), val(uint64(c.base())), num(unix.AT_EMPTY_PATH))
	}
}

// shiftGid adds the base of the user namespace to the group that the specification names.
func shiftGid(key, value string, base uint32) string {
	if key != "gid" && key != "uid" {
		return value
	}
	n := uint32(0)
	for _, d := range value {
		n = n*10 + uint32(d-'0')
	}
	return decimal(uint64(n) + uint64(base))
}

// openTerminal opens a new terminal in the devpts of the container: both ends come from the mount, by no path. It has its
// size before the program can ask for it.
func (b *builder) openTerminal(owner uint32, size *specs.Box) {
	b.call("open a terminal", unix.SYS_OPENAT, from(Devpts), b.str("ptmx"), num(unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)).out(PtyMaster)
	b.call("unlock the terminal", unix.SYS_IOCTL, from(PtyMaster), num(unix.TIOCSPTLCK), ptr(b.words(0)))
	b.call("open the terminal's other end", unix.SYS_IOCTL, from(PtyMaster), num(unix.TIOCGPTPEER), num(unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)).out(PtySlave)
	if size != nil {
		winsize := binary.NativeEndian.AppendUint16(nil, uint16(size.Height)) // struct winsize
		winsize = append(binary.NativeEndian.AppendUint16(winsize, uint16(size.Width)), 0, 0, 0, 0)
		b.call("set the terminal's size", unix.SYS_IOCTL, from(PtyMaster), num(unix.TIOCSWINSZ), ptr(b.block(winsize)))
	}
	b.call("give the terminal to its user", unix.SYS_FCHOWN, from(PtySlave), val(uint64(owner)), val(0xffffffff))
}

// makeDev makes the tmpfs for /dev and all nodes in it, owned by the container's root.
func (c *compiler) makeDev(m specs.Mount) {
	b, a := c.b, parseOptions(m.Options)
	fs := b.reg()
	c.dev = b.reg()
	what := "mount tmpfs on /dev"
	b.asOwner(c.base(), c.env.Kernel.Caps, func() {
		b.call(what, unix.SYS_FSOPEN, b.str("tmpfs"), num(unix.FSOPEN_CLOEXEC)).out(fs)
		b.fsString(what, fs, "source", "tmpfs")
		for _, o := range a.data {
			if key, value, ok := strings.Cut(o, "="); ok {
				b.fsString(what, fs, key, value)
			}
		}
		b.mountFS(what, fs, c.dev, a.set&^unix.MOUNT_ATTR_RDONLY)
		dirs := map[string]bool{}
		for _, d := range []string{"pts", "shm", "mqueue"} {
			c.devDir(d, dirs)
		}
		for _, d := range c.spec.Linux.Devices {
			c.devNode(d, dirs)
		}
		for i, d := range c.outside() {
			c.makeNode(d, hidden(i))
		}
		for _, l := range devLinks {
			b.call("link /dev/"+l[0], unix.SYS_SYMLINKAT, b.str(l[1]), from(c.dev), b.str(l[0])).allow(unix.EEXIST)
		}
		if c.spec.Process.Terminal {
			b.call("make /dev/console", unix.SYS_MKNODAT, from(c.dev), b.str("console"), num(unix.S_IFREG|0o600), num(0)).allow(unix.EEXIST)
		}
	})
	if a.set&unix.MOUNT_ATTR_RDONLY != 0 {
		c.sealed = append(c.sealed, m)
	}
}

func (c *compiler) devDir(dir string, made map[string]bool) {
	if dir == "." || made[dir] {
		return
	}
	c.devDir(path.Dir(dir), made)
	made[dir] = true
	c.b.call("make /dev/"+dir, unix.SYS_MKDIRAT, from(c.dev), c.b.str(dir), num(0o755))
}

// ownStreams gives the standard streams to the process's user, so that it can open /dev/stdout again by name.
func (c *compiler) ownStreams() {
	p := c.spec.Process
	c.b.ownStreams(c.base()+p.User.UID, p.Terminal, c.env.OpenStdin)
}

func (b *builder) ownStreams(uid uint32, terminal, stdin bool) {
	if terminal || uid == 0 {
		return
	}
	for _, r := range []Reg{Stdin, Stdout, Stderr} {
		if r != Stdin || stdin {
			b.call("give the standard streams to the user", unix.SYS_FCHOWN, from(r), val(uint64(uid)), val(0xffffffff)).allow(unix.EPERM, unix.EINVAL, unix.EROFS)
		}
	}
}
