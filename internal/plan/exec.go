package plan

import (
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Exec compiles the plan that starts one more process in a running container, whose specification is given too. The
// shim fills the register Target with a pidfd of the container's first process.
func Exec(container *specs.Spec, p *specs.Process, env *Env) (*Plan, error) {
	if len(p.Args) == 0 {
		return nil, errors.New("there is no process to start")
	}
	c := &compiler{b: newBuilder(), spec: container, env: env}
	b := c.b
	flags := c.execNamespaces()
	c.openCgroups()
	if p.Terminal {
		b.openTerminal(c.base()+p.User.UID, p.ConsoleSize)
	}
	b.ownStreams(c.base()+p.User.UID, p.Terminal, env.OpenStdin)
	b.fork(sharedMemory, c.group)
	b.stage = Entry
	b.p.Forks = true
	b.joinCgroups(c.tasks)
	b.beforeNamespaces(p)
	b.call("enter the container's namespaces", unix.SYS_SETNS, from(Target), val(flags))
	if c.userNS {
		b.becomeRoot()
	}
	b.call("fork into the container", unix.SYS_CLONE, val(unix.CLONE_PARENT|uint64(unix.SIGCHLD)), num(0), num(0), num(0), num(0)).Fork = true
	b.stage = First
	b.call("begin a session", unix.SYS_SETSID)
	b.keyring()
	b.streams(p.Terminal)
	c.last(p)
	return b.finish()
}

// execNamespaces gives the flags of the namespaces that the container has for itself; the others are the engine's own,
// which a process cannot join again.
func (c *compiler) execNamespaces() uint64 {
	flags := uint64(0)
	for _, ns := range c.spec.Linux.Namespaces {
		switch ns.Type {
		case specs.UserNamespace:
			c.userNS = true
			flags |= unix.CLONE_NEWUSER
		case specs.NetworkNamespace:
			flags |= unix.CLONE_NEWNET
		default:
			flags |= cloneFlags[ns.Type]
		}
	}
	return flags
}
