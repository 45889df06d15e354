package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// cloneArgsSize is the size of struct clone_args of clone3(2), first version with a cgroup.
const cloneArgsSize = 88

// fork ends the shim's part: what follows is done by a new process, born in the cgroup where that is possible.
func (b *builder) fork(flags uint64, group Reg) {
	if group == 0 {
		b.call("fork", unix.SYS_CLONE, val(flags|uint64(unix.SIGCHLD)), num(0), num(0), num(0), num(0)).Fork = true
		return
	}
	const cgroup = 10 // index of the field in struct clone_args
	args := make([]uint64, cloneArgsSize/8)
	args[0], args[4], args[cgroup] = flags|cloneIntoCgroup, uint64(unix.SIGCHLD), 0
	at := b.words(args...)
	b.call("fork into the cgroup", unix.SYS_CLONE3, ptr(at), num(cloneArgsSize)).patch(Patch64, group, at+8*cgroup).Fork = true
}

const (
	cloneIntoCgroup = 0x200000000
	// sharedMemory makes the entry process cheap: it copies nothing of the shim, which waits until it has forked on.
	sharedMemory = unix.CLONE_VM | unix.CLONE_VFORK
)

// enter is the entry's part: into the cgroup, into the namespaces that exist, and on into the new ones.
func (c *compiler) enter() {
	b, p := c.b, c.spec.Process
	b.fork(sharedMemory, c.group)
	b.stage = Entry
	b.p.Forks = true
	b.joinCgroups(c.tasks)
	b.beforeNamespaces(p)
	if c.userNS {
		b.call("enter the user namespace", unix.SYS_SETNS, from(UserNS), num(unix.CLONE_NEWUSER))
	}
	for _, ns := range c.join {
		b.call("enter the "+ns.what+" namespace", unix.SYS_SETNS, from(ns.reg), val(ns.flag))
	}
	if c.userNS {
		b.becomeRoot()
	}
	b.call("fork into new namespaces", unix.SYS_CLONE, val(c.new|sharedMemory|unix.CLONE_PARENT|uint64(unix.SIGCHLD)), num(0), num(0), num(0), num(0)).Fork = true
	b.stage = First
}

// joinCgroups moves the process into cgroups of v1. A process with one thread that writes "0" to a `tasks` file moves
// itself without the kernel's lock over all thread groups, for which a move from outside waits milliseconds.
func (b *builder) joinCgroups(tasks []Reg) {
	for _, t := range tasks {
		b.call("join the cgroup", unix.SYS_WRITE, from(t), b.str("0"), num(1))
	}
}

// beforeNamespaces does what only the host's root may do to the process.
func (b *builder) beforeNamespaces(p *specs.Process) {
	b.call("hide from the container's processes", unix.SYS_PRCTL, num(unix.PR_SET_DUMPABLE), num(0), num(0), num(0), num(0))
	if p.OOMScoreAdj != nil {
		fd := b.reg()
		text := fmt.Sprint(*p.OOMScoreAdj)
		what := "set the OOM score to " + text
		b.call(what, unix.SYS_OPENAT, num(unix.AT_FDCWD), b.str("/proc/self/oom_score_adj"), num(unix.O_WRONLY|unix.O_CLOEXEC)).out(fd)
		b.call(what, unix.SYS_WRITE, from(fd), b.str(text), num(len(text)))
		b.close(fd)
	}
	for _, l := range p.Rlimits {
		// Raised here, where it is allowed, and set exactly at the end. Descriptors are needed on the way.
		if l.Type == "RLIMIT_NOFILE" && l.Hard < Regs*2 {
			continue
		}
		b.rlimit(l.Type, l.Hard, l.Hard)
	}
}

var rlimits = map[string]int{
	"RLIMIT_CPU": 0, "RLIMIT_FSIZE": 1, "RLIMIT_DATA": 2, "RLIMIT_STACK": 3, "RLIMIT_CORE": 4, "RLIMIT_RSS": 5, "RLIMIT_NPROC": 6, "RLIMIT_NOFILE": 7,
	"RLIMIT_MEMLOCK": 8, "RLIMIT_AS": 9, "RLIMIT_LOCKS": 10, "RLIMIT_SIGPENDING": 11, "RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13, "RLIMIT_RTPRIO": 14, "RLIMIT_RTTIME": 15,
}

// IsRlimit tells whether a limit is one of setrlimit(2)'s ("RLIMIT_NOFILE").
func IsRlimit(name string) bool {
	_, ok := rlimits[name]
	return ok
}

// UlimitNote begins the note of the step that sets a limit of setrlimit(2).
const UlimitNote = "set ulimit "

func (b *builder) rlimit(name string, soft, hard uint64) {
	n, ok := rlimits[name]
	if !ok {
		b.fail(fmt.Errorf("unknown limit %q", name))
	}
	b.call(fmt.Sprintf("%s%s to %d:%d", UlimitNote, strings.ToLower(strings.TrimPrefix(name, "RLIMIT_")), int64(soft), int64(hard)), unix.SYS_PRLIMIT64, num(0), num(n), ptr(b.words(soft, hard)), num(0))
}

// becomeRoot takes on the ids of the user namespace's root.
func (b *builder) becomeRoot() {
	b.call("become the container's root", unix.SYS_SETGROUPS, num(0), num(0))
	b.call("become the container's root", unix.SYS_SETRESGID, num(0), num(0), num(0))
	b.call("become the container's root", unix.SYS_SETRESUID, num(0), num(0), num(0))
}

// statusFD is where the status pipe lies in the last steps; every descriptor above it is closed.
const statusFD = 3

// streams puts the standard streams in place and closes every other descriptor, so that no path under /proc/self/fd
// leads to the host while the working directory and the program are looked up.
func (b *builder) streams(terminal bool) {
	if terminal {
		b.call("take the terminal", unix.SYS_IOCTL, from(PtySlave), num(unix.TIOCSCTTY), num(0))
		for fd := range 3 {
			b.call("standard streams", unix.SYS_DUP3, from(PtySlave), num(fd), num(0))
		}
	} else {
		for fd, r := range []Reg{Stdin, Stdout, Stderr} {
			b.call("standard streams", unix.SYS_DUP3, from(r), num(fd), num(0))
		}
	}
	b.call("move the status pipe", unix.SYS_DUP3, from(Status), num(statusFD), num(unix.O_CLOEXEC)).out(Status).allow(unix.EINVAL)
	b.call("close all other descriptors", unix.SYS_CLOSE_RANGE, num(statusFD+1), num(1<<32-1), num(0))
}

// last adds the steps with which every process ends: limits, privileges, working directory, filter, program.
func (c *compiler) last(p *specs.Process) {
	b := c.b
	b.workdir(cmp.Or(p.Cwd, "/"), p.User)
	for _, l := range p.Rlimits {
		b.rlimit(l.Type, l.Soft, l.Hard)
	}
	umask := uint32(0o22)
	if p.User.Umask != nil {
		umask = *p.User.Umask
	}
	b.call("set the umask", unix.SYS_UMASK, val(uint64(umask)))
	if !p.NoNewPrivileges {
		b.seccomp(c.env)
	}
	b.privileges(p, c.env.Kernel.LastCap)
	if p.NoNewPrivileges {
		b.call("set no_new_privs", unix.SYS_PRCTL, num(unix.PR_SET_NO_NEW_PRIVS), num(1), num(0), num(0), num(0))
		b.seccomp(c.env)
	}
	b.exec(p.Args, p.Env)
}

// workdir goes to the working directory, as the container's root or, where root may not, as the user. No link of procfs
// is followed, which could lead out of the container (/proc/PID/root, /proc/self/fd/N).
func (b *builder) workdir(cwd string, user specs.User) {
	what, fd := "go to the working directory "+cwd, b.reg()
	how := b.openHow(unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, unix.RESOLVE_NO_MAGICLINKS)
	open := func() *Step {
		return b.call(what, unix.SYS_OPENAT2, num(unix.AT_FDCWD), b.str(cwd), how, num(24)).out(fd)
	}
	enter := func() *Step { return b.call(what, unix.SYS_FCHDIR, from(fd)) }
	if user.UID == 0 {
		open()
		enter()
		b.close(fd)
		return
	}
	open().allow(unix.EACCES).SkipErr = 1
	enter().allow(unix.EACCES)
	denied := b.mark()
	b.call(what, unix.SYS_SETFSGID, val(uint64(user.GID)))
	b.call(what, unix.SYS_SETFSUID, val(uint64(user.UID)))
	open()
	enter()
	b.call(what, unix.SYS_SETFSUID, num(0))
	b.call(what, unix.SYS_SETFSGID, num(0))
	b.p.Steps[denied-1].SkipOK = b.skipFrom(denied)
	b.close(fd)
}

func (b *builder) seccomp(env *Env) {
	if len(env.Filter) == 0 {
		return
	}
	code := make([]byte, 0, 8*len(env.Filter))
	for _, f := range env.Filter {
		code = append(code, byte(f.Code), byte(f.Code>>8), f.Jt, f.Jf, byte(f.K), byte(f.K>>8), byte(f.K>>16), byte(f.K>>24))
	}
	at := b.block(code)
	prog := b.words(uint64(len(env.Filter)), 0) // struct sock_fprog
	b.p.Relocs = append(b.p.Relocs, Reloc{At: prog + 8, To: at})
	b.call("install the seccomp filter", unix.SYS_SECCOMP, num(unix.SECCOMP_SET_MODE_FILTER), val(uint64(env.FilterFlags)), ptr(prog))
}

// exec looks the program up in PATH as execvp(3) does, inside the container and with the rights of its user.
func (b *builder) exec(args, environ []string) {
	argv, envp := ptr(b.vector(args)), ptr(b.vector(environ))
	candidates := []string{args[0]}
	if !slices.Contains([]byte(args[0]), '/') && args[0] != "" {
		candidates = nil
		for _, dir := range searchPath(environ) {
			candidates = append(candidates, dir+"/"+args[0])
		}
	}
	for i, path := range candidates {
		s := b.call(ExecNote+args[0], unix.SYS_EXECVE, b.str(path), argv, envp)
		if i < len(candidates)-1 {
			s.allow(unix.ENOENT, unix.ENOTDIR, unix.EACCES, unix.ELOOP)
		}
	}
}

// ExecNote begins the note of the step that calls execve(2), by which its failures are told from others.
const ExecNote = "exec "
