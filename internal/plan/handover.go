package plan

import (
	"encoding/binary"
	"errors"
	"path"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Command is a call of a runtime of the host. The first of Args is its program, by path.
type Command struct{ Args, Env []string }

// Bundle is what a container is handed to a runtime of the host with.
type Bundle struct {
	Dir     string // a folder of the host, see BundleConfig
	Config  []byte // what is handed over, as JSON
	Command Command
}

// Handover compiles the plan that makes a container's bundle ready and calls its runtime, whose standard streams are to
// be the container's. The process that the plan starts is the runtime's. The registers Mounts and BundleDir hold
// afterwards what further calls need.
func Handover(spec *specs.Spec, env *Env, bundle *Bundle) (*Plan, error) {
	if spec.Process == nil || len(spec.Process.Args) == 0 {
		return nil, errors.New("the specification has no process to start")
	}
	c := &compiler{b: newBuilder(), spec: spec, env: env, binds: map[int]Reg{}, shown: map[string]Reg{}}
	c.namespaces()
	c.bindSources(IsInPlace) // before the thread leaves the host's mounts: a shared one is to stay shared with the host
	c.privateMounts()
	c.rootfs()
	c.makeBundle(bundle)
	c.ownStreams()
	c.b.callRuntime(&bundle.Command)
	return c.b.finish()
}

// Runtime compiles the plan of a further call, in the mount namespace in the register Mounts.
func Runtime(command *Command) (*Plan, error) {
	b := newBuilder()
	b.call("leave the host's mounts", unix.SYS_UNSHARE, num(unix.CLONE_FS))
	b.call("leave the host's mounts", unix.SYS_SETNS, from(Mounts), num(unix.CLONE_NEWNS))
	b.callRuntime(command)
	return b.finish()
}

// makeBundle makes the file system that has the bundle, and puts everything into it.
func (c *compiler) makeBundle(bundle *Bundle) {
	b := c.b
	what := "make a place for the bundle at " + bundle.Dir
	mnt, at := b.newFS(what, "tmpfs", "tmpfs", []string{"mode=711"}, 0), b.reg()
	b.call(what, unix.SYS_MOVE_MOUNT, from(mnt), b.str(""), num(unix.AT_FDCWD), b.str(bundle.Dir), num(unix.MOVE_MOUNT_F_EMPTY_PATH))
	b.close(mnt)
	b.call(what, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(bundle.Dir), num(unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC)).out(BundleDir)
	c.placeInBundle("put the root file system into the bundle", Root, BundleRoot, false)
	for i, m := range c.spec.Mounts {
		if r, bound := c.binds[i]; bound {
			c.placeInBundle("put "+m.Source+" into the bundle", r, BundleMount("", i), c.env.Files[m.Source])
		}
	}
	c.dev = BundleDir
	b.asOwner(c.base(), c.env.Kernel.Caps, func() {
		for i, d := range c.spec.Linux.Devices {
			if InBundle(d, c.userNS) {
				c.makeNode(d, BundleDevice("", i))
			}
		}
	})
	write := "write the bundle's " + BundleConfig
	b.call(write, unix.SYS_OPENAT, from(BundleDir), b.str(BundleConfig), num(unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC), num(0o600)).out(at)
	b.call(write, unix.SYS_WRITE, from(at), ptr(b.block(append(slices.Clone(bundle.Config), 0))), num(len(bundle.Config)))
	b.close(at)
	c.listenForTerminal(bundle.Dir)
	c.nullStreams()
	b.call("keep the mount namespace", unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str("/proc/thread-self/ns/mnt"), num(unix.O_RDONLY|unix.O_CLOEXEC)).out(Mounts)
}

// listenForTerminal makes the socket on which the runtime is to give the container's terminal; the register PtyMaster holds it.
func (c *compiler) listenForTerminal(dir string) {
	if !c.spec.Process.Terminal {
		return
	}
	b := c.b
	what := "listen for the terminal"
	name := binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX) // struct sockaddr_un
	name = append(append(name, path.Join(dir, BundleConsole)...), 0)
	b.call(what, unix.SYS_SOCKET, num(unix.AF_UNIX), num(unix.SOCK_STREAM|unix.SOCK_CLOEXEC), num(0)).out(PtyMaster)
	b.call(what, unix.SYS_BIND, from(PtyMaster), ptr(b.block(name)), num(len(name)))
	b.call(what, unix.SYS_LISTEN, from(PtyMaster), num(1))
}

// nullStreams gives the runtime the bundle's null device where the container has no stream for it.
func (c *compiler) nullStreams() {
	b := c.b
	what := "make a null device for the runtime"
	b.call(what, unix.SYS_MKNODAT, from(BundleDir), b.str(BundleNull), num(unix.S_IFCHR|0o666), val(unix.Mkdev(1, 3)))
	for _, r := range []Reg{Stdin, Stdout, Stderr} {
		if c.spec.Process.Terminal || r == Stdin && !c.env.OpenStdin {
			b.call(what, unix.SYS_OPENAT, from(BundleDir), b.str(BundleNull), num(unix.O_RDWR|unix.O_CLOEXEC)).out(r)
		}
	}
}

// placeInBundle attaches a detached mount under a name in the bundle.
func (c *compiler) placeInBundle(what string, mnt Reg, name string, file bool) {
	b, t := c.b, c.b.reg()
	if file {
		b.call(what, unix.SYS_MKNODAT, from(BundleDir), b.str(name), num(unix.S_IFREG|0o600), num(0))
	} else {
		b.call(what, unix.SYS_MKDIRAT, from(BundleDir), b.str(name), num(0o700))
	}
	b.call(what, unix.SYS_OPENAT, from(BundleDir), b.str(name), num(unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC)).out(t)
	b.attach(what, mnt, t)
	b.close(t)
}

// callRuntime forks, and executes the runtime with the standard streams in the registers.
func (b *builder) callRuntime(command *Command) {
	b.fork(0, 0)
	b.stage = Entry
	b.call("begin a session", unix.SYS_SETSID)
	b.call("set the umask", unix.SYS_UMASK, num(0o022))
	b.streams(false)
	b.call("run "+command.Args[0], unix.SYS_EXECVE, b.str(command.Args[0]), ptr(b.vector(command.Args)), ptr(b.vector(slices.Clone(command.Env))))
}
