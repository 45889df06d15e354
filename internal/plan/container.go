package plan

import (
	"errors"
	"fmt"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// compiler turns one specification into a plan.
type compiler struct {
	b      *builder
	spec   *specs.Spec
	env    *Env
	userNS bool
	new    uint64         // CLONE_NEW* flags of the namespaces that are made
	join   []namespace    // the ones that exist already
	sealed []specs.Mount  // file systems that become read-only once all mounts are in place
	dev    Reg            // the detached /dev, if the specification asks for one
	binds  map[int]Reg    // detached binds, by their index in the specification's mounts
	shown  map[string]Reg // trees that were opened with another one, of the same overlay
	tasks  []Reg          // cgroup files to write oneself into
	group  Reg            // the cgroup of v2 to be born in
	proc   Reg            // the container's procfs
	net    bool           // there is a network namespace of the container's
	// private tells that the thread has left the host's mount namespace.
	private bool
}

// namespace is one that exists already, held by a register.
type namespace struct {
	reg  Reg
	flag uint64
	what string
}

// Container compiles the plan that starts a container's first process. The specification must have a process.
func Container(spec *specs.Spec, env *Env) (*Plan, error) {
	if spec.Process == nil || len(spec.Process.Args) == 0 {
		return nil, errors.New("the specification has no process to start")
	}
	c := &compiler{b: newBuilder(), spec: spec, env: env, binds: map[int]Reg{}, shown: map[string]Reg{}}
	c.onHost()
	c.enter()
	c.first()
	return c.b.finish()
}

func (b *builder) finish() (*Plan, error) {
	if b.err != nil {
		return nil, fmt.Errorf("%w: %w", b.err, errdefs.ErrInvalidArgument) // all of it comes from the specification
	}
	p := b.p
	p.Arena = append(p.Arena, 0) // whatever lies last, a string ends
	return &p, nil
}

// onHost is the shim's part: all that needs the host's paths or rights.
func (c *compiler) onHost() {
	c.namespaces()
	c.openCgroups()
	c.bindSources(func(specs.Mount) bool { return false })
	c.rootfs() // may hide folders from this thread
	c.terminal()
	c.ownStreams()
}

var cloneFlags = map[specs.LinuxNamespaceType]uint64{
	specs.PIDNamespace: unix.CLONE_NEWPID, specs.MountNamespace: unix.CLONE_NEWNS, specs.IPCNamespace: unix.CLONE_NEWIPC,
	specs.UTSNamespace: unix.CLONE_NEWUTS, specs.CgroupNamespace: unix.CLONE_NEWCGROUP,
}

// namespaces sorts the namespaces into new ones and ones to join. The user and the network namespace are the shim's to
// make (it holds them ready); their registers are filled before the plan begins, or here from a path.
func (c *compiler) namespaces() {
	b := c.b
	for _, ns := range c.spec.Linux.Namespaces {
		switch ns.Type {
		case specs.UserNamespace:
			c.userNS = true
			if ns.Path != "" {
				b.call("open the user namespace "+ns.Path, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(ns.Path), num(unix.O_RDONLY|unix.O_CLOEXEC)).out(UserNS)
			}
			continue
		case specs.NetworkNamespace:
			c.net = true
			if ns.Path != "" {
				b.call("open the network namespace "+ns.Path, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(ns.Path), num(unix.O_RDONLY|unix.O_CLOEXEC)).out(NetNS)
			}
			c.join = append(c.join, namespace{NetNS, unix.CLONE_NEWNET, "network"})
			continue
		}
		flag, ok := cloneFlags[ns.Type]
		if !ok {
			b.fail(fmt.Errorf("namespace of type %q: not supported", ns.Type))
			continue
		}
		if ns.Path == "" {
			c.new |= flag
			continue
		}
		r := b.reg()
		b.call(fmt.Sprintf("open the %s namespace %s", ns.Type, ns.Path), unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(ns.Path), num(unix.O_RDONLY|unix.O_CLOEXEC)).out(r)
		c.join = append(c.join, namespace{r, flag, string(ns.Type)})
	}
	if c.new&unix.CLONE_NEWNS == 0 {
		b.fail(errors.New("a container needs a mount namespace of its own"))
	}
}

func (c *compiler) openCgroups() {
	c.tasks, c.group = c.b.openCgroups(c.env.JoinFiles, c.env.CgroupDir)
}

func (b *builder) openCgroups(files []string, dir string) (tasks []Reg, group Reg) {
	if dir != "" {
		group = b.reg()
		b.call("open the cgroup "+dir, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(dir), num(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)).out(group)
		return nil, group
	}
	for _, f := range files {
		r := b.reg()
		b.call("open the cgroup file "+f, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str(f), num(unix.O_WRONLY|unix.O_CLOEXEC)).out(r)
		tasks = append(tasks, r)
	}
	return tasks, 0
}

// base is the id on the host of the container's root.
func (c *compiler) base() uint32 {
	if c.userNS {
		return c.env.IDBase
	}
	return 0
}

func (b *builder) idmap(what string, r Reg) {
	attr := b.mountAttr(unix.MOUNT_ATTR_IDMAP, 0, 0)
	b.call(what, unix.SYS_MOUNT_SETATTR, from(r), b.str(""), num(unix.AT_EMPTY_PATH), ptr(attr), num(sizeMountAttr)).patch(Patch32, UserNS, attr+24)
}

// asOwner adds steps that happen with the file system ids of the container's root and with all of the engine's
// capabilities, so that what they make belongs to that root.
func (b *builder) asOwner(id uint32, caps uint64, steps func()) {
	if id == 0 {
		steps()
		return
	}
	b.call("act as the container's root", unix.SYS_SETFSGID, val(uint64(id)))
	b.call("act as the container's root", unix.SYS_SETFSUID, val(uint64(id)))
	b.capset("act as the container's root", caps, caps, 0)
	steps()
	b.call("act as root again", unix.SYS_SETFSUID, num(0))
	b.call("act as root again", unix.SYS_SETFSGID, num(0))
}
