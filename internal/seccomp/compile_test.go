package seccomp

import (
	"errors"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// An ABI that the profile does not list is none that a process may use.
func TestUnlistedABIKills(t *testing.T) {
	p := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow}
	m := compiled(t, p, "amd64")
	assert.Equal(t, m.run(t, x86_64(0)), allow)
	assert.Equal(t, m.run(t, i386(3)), kill)
	assert.Equal(t, m.run(t, x32(0)), kill)
	assert.Equal(t, m.run(t, x86_64(0xffffffff)), allow, "-1 is not one of x32")

	p.Architectures = []specs.Arch{specs.ArchX86, specs.ArchMIPS}
	m = compiled(t, p, "amd64")
	assert.Equal(t, m.run(t, i386(3)), allow)
	assert.Equal(t, m.run(t, x32(0)), kill)
}

// A rule for socket also holds for a 32-bit program that goes through socketcall.
func TestMultiplexedCallsOf32BitX86(t *testing.T) {
	m := compiled(t, &specs.LinuxSeccomp{
		DefaultAction: specs.ActAllow,
		Architectures: []specs.Arch{specs.ArchX86},
		Syscalls: []specs.LinuxSyscall{
			{Names: []string{"socket"}, Action: specs.ActErrno, Args: []specs.LinuxSeccompArg{{Index: 0, Value: unix.AF_ALG, Op: specs.OpEqualTo}}},
			{Names: []string{"shmat"}, Action: specs.ActErrno},
		},
	}, "amd64")
	const socketcall, ipc = 102, 117
	assert.Equal(t, m.run(t, i386(359, unix.AF_INET)), allow)
	assert.Equal(t, m.run(t, i386(359, unix.AF_ALG)), eperm)
	assert.Equal(t, m.run(t, i386(socketcall, 1)), eperm, "socket: its family cannot be seen")
	assert.Equal(t, m.run(t, i386(socketcall, 2)), allow, "bind")
	assert.Equal(t, m.run(t, i386(ipc, 21)), eperm, "shmat")
	assert.Equal(t, m.run(t, i386(ipc, 1<<16|21)), eperm, "shmat, second version")
	assert.Equal(t, m.run(t, i386(ipc, 22)), allow, "shmdt")
}

func TestRulesAboutTheSameCall(t *testing.T) {
	equal := func(v uint64) specs.LinuxSeccompArg {
		return specs.LinuxSeccompArg{Index: 1, Value: v, Op: specs.OpEqualTo}
	}
	errno := func(n uint) *uint { return &n }
	run := func(arg uint64, rules ...specs.LinuxSyscall) verdict {
		for i := range rules {
			rules[i].Names = []string{"close", "never_heard_of"}
		}
		m := compiled(t, &specs.LinuxSeccomp{DefaultAction: specs.ActKillProcess, Syscalls: rules}, "amd64")
		return m.run(t, x86_64(3, 0, arg))
	}
	conditional := specs.LinuxSyscall{Action: specs.ActErrno, ErrnoRet: errno(7), Args: []specs.LinuxSeccompArg{equal(1)}}
	either := specs.LinuxSyscall{Action: specs.ActErrno, ErrnoRet: errno(7), Args: []specs.LinuxSeccompArg{equal(1), equal(2)}}
	always := specs.LinuxSyscall{Action: specs.ActAllow}
	repeats := specs.LinuxSyscall{Action: specs.ActKillProcess}
	seven := verdict(unix.SECCOMP_RET_ERRNO | 7)

	assert.Equal(t, run(1, conditional), seven)
	assert.Equal(t, run(2, conditional), kill)
	assert.Equal(t, run(1, conditional, always), allow, "a rule without conditions stands above")
	assert.Equal(t, run(1, repeats, conditional), seven, "a rule that repeats the default is none")
	assert.Equal(t, run(2, either), seven, "two conditions on one argument are alternatives")
	assert.Equal(t, run(3, either), kill)
}

func TestActionsAndFlags(t *testing.T) {
	n := uint(38)
	for _, c := range []struct {
		action specs.LinuxSeccompAction
		errno  *uint
		want   uint32
	}{
		{specs.ActKill, nil, unix.SECCOMP_RET_KILL_THREAD},
		{specs.ActKillThread, nil, unix.SECCOMP_RET_KILL_THREAD},
		{specs.ActKillProcess, nil, unix.SECCOMP_RET_KILL_PROCESS},
		{specs.ActTrap, nil, unix.SECCOMP_RET_TRAP},
		{specs.ActErrno, nil, unix.SECCOMP_RET_ERRNO | 1},
		{specs.ActErrno, &n, unix.SECCOMP_RET_ERRNO | 38},
		{specs.ActTrace, nil, unix.SECCOMP_RET_TRACE | 1},
		{specs.ActTrace, &n, unix.SECCOMP_RET_TRACE | 38},
		{specs.ActLog, nil, unix.SECCOMP_RET_LOG},
		{specs.ActNotify, nil, unix.SECCOMP_RET_USER_NOTIF},
	} {
		p := &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow, ListenerPath: "/run/listener",
			Syscalls: []specs.LinuxSyscall{{Names: []string{"close"}, Action: c.action, ErrnoRet: c.errno}},
		}
		assert.Equal(t, compiled(t, p, "amd64").run(t, x86_64(3)), verdict(c.want), "%s", c.action)
	}

	flags := func(p specs.LinuxSeccomp) uint {
		p.DefaultAction = specs.ActAllow
		_, flags, err := Compile(&p, "amd64")
		assert.NilError(t, err)
		return flags
	}
	killable := []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagWaitKillableRecv}
	notify := []specs.LinuxSyscall{{Names: []string{"mount"}, Action: specs.ActNotify}}
	assert.Equal(t, flags(specs.LinuxSeccomp{}), uint(unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW))
	assert.Equal(t, flags(specs.LinuxSeccomp{Flags: []specs.LinuxSeccompFlag{}}), uint(0))
	assert.Equal(t, flags(specs.LinuxSeccomp{Flags: []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagLog}}), uint(unix.SECCOMP_FILTER_FLAG_LOG))
	assert.Equal(t, flags(specs.LinuxSeccomp{Flags: killable}), uint(0))
	assert.Equal(t, flags(specs.LinuxSeccomp{Flags: killable, Syscalls: notify, ListenerPath: "/l"}),
		uint(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
}

func TestProfilesThatMeanNothing(t *testing.T) {
	large := uint(70000)
	with := func(s specs.LinuxSyscall) *specs.LinuxSeccomp {
		return &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{s}}
	}
	name := []string{"write"}
	for what, p := range map[string]*specs.LinuxSeccomp{
		"no default":          {},
		"unknown action":      with(specs.LinuxSyscall{Names: name, Action: "SCMP_ACT_SING"}),
		"no names":            with(specs.LinuxSyscall{Action: specs.ActErrno}),
		"errno too large":     with(specs.LinuxSyscall{Names: name, Action: specs.ActErrno, ErrnoRet: &large}),
		"seventh argument":    with(specs.LinuxSyscall{Names: name, Action: specs.ActErrno, Args: []specs.LinuxSeccompArg{{Index: 6, Op: specs.OpEqualTo}}}),
		"unknown operator":    with(specs.LinuxSyscall{Names: name, Action: specs.ActErrno, Args: []specs.LinuxSeccompArg{{Op: "SCMP_CMP_ISH"}}}),
		"unknown flag":        {DefaultAction: specs.ActAllow, Flags: []specs.LinuxSeccompFlag{"SECCOMP_FILTER_FLAG_FAST"}},
		"unknown arch":        {DefaultAction: specs.ActAllow, Architectures: []specs.Arch{"SCMP_ARCH_PDP11"}},
		"notify by default":   {DefaultAction: specs.ActNotify},
		"notify for write":    with(specs.LinuxSyscall{Names: name, Action: specs.ActNotify}),
		"notify but whom":     with(specs.LinuxSyscall{Names: []string{"mount"}, Action: specs.ActNotify}),
		"longer than allowed": tooLong(),
	} {
		_, _, err := Compile(p, "amd64")
		assert.Assert(t, errors.Is(err, errdefs.ErrInvalidArgument), "%s: %v", what, err)
	}
	_, _, err := Compile(&specs.LinuxSeccomp{DefaultAction: specs.ActAllow}, "riscv64")
	assert.Assert(t, errors.Is(err, errdefs.ErrNotImplemented), "%v", err)
}

// Private calls of ARM have high numbers, which does not make them new.
func TestARMPrivateCalls(t *testing.T) {
	m := compiled(t, &specs.LinuxSeccomp{
		DefaultAction: specs.ActErrno, Architectures: []specs.Arch{specs.ArchARM},
		Syscalls: []specs.LinuxSyscall{{Names: []string{"read", "set_tls"}, Action: specs.ActAllow}},
	}, "arm64")
	assert.Equal(t, m.run(t, arm(3)), allow)
	assert.Equal(t, m.run(t, arm(0xf0005)), allow)
	assert.Equal(t, m.run(t, arm(0)), eperm)
	assert.Equal(t, m.run(t, arm(450)), noSuchCall)
	assert.Equal(t, m.run(t, arm(0xf0002)), noSuchCall)
}
