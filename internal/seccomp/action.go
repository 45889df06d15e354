package seccomp

import (
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// kill is what a system call of an ABI that the profile does not list gets. libseccomp ends the thread only, which leaves the
// rest of the program waiting for it.
const kill = verdict(unix.SECCOMP_RET_KILL_PROCESS)

// noSuchCall is what a kernel answers that does not know a system call.
const noSuchCall = verdict(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS))

// verdictOf translates an action. errno is the profile's value, if it has one; without, it is EPERM as in runc.
func verdictOf(action specs.LinuxSeccompAction, errno *uint) (verdict, error) {
	data := uint32(unix.EPERM)
	if errno != nil {
		if *errno > unix.SECCOMP_RET_DATA {
			return 0, fmt.Errorf("seccomp errnoRet %d is too large, the most is %d: %w", *errno, unix.SECCOMP_RET_DATA, errdefs.ErrInvalidArgument)
		}
		data = uint32(*errno)
	}
	switch action {
	case specs.ActKill, specs.ActKillThread:
		return unix.SECCOMP_RET_KILL_THREAD, nil
	case specs.ActKillProcess:
		return unix.SECCOMP_RET_KILL_PROCESS, nil
	case specs.ActTrap:
		return unix.SECCOMP_RET_TRAP, nil
	case specs.ActErrno:
		return verdict(unix.SECCOMP_RET_ERRNO | data), nil
	case specs.ActTrace:
		return verdict(unix.SECCOMP_RET_TRACE | data), nil
	case specs.ActAllow:
		return unix.SECCOMP_RET_ALLOW, nil
	case specs.ActLog:
		return unix.SECCOMP_RET_LOG, nil
	case specs.ActNotify:
		return unix.SECCOMP_RET_USER_NOTIF, nil
	}
	return 0, fmt.Errorf("unknown seccomp action %q: %w", action, errdefs.ErrInvalidArgument)
}

// permissive says whether a default verdict lets calls through that the profile does not name. A tracer counts: it deals
// with new system calls itself.
func permissive(v verdict) bool {
	switch v & unix.SECCOMP_RET_ACTION_FULL {
	case unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_LOG, unix.SECCOMP_RET_TRACE:
		return true
	}
	return false
}

// flagsOf translates the profile's flags. A profile without any gets SPEC_ALLOW, as with runc: the speculative store bypass
// mitigation slows a program down and is no business of a system call filter. An empty list means none.
func flagsOf(p *specs.LinuxSeccomp, notifies bool) (uint, error) {
	var flags uint
	if p.Flags == nil {
		flags = unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW
	}
	if notifies {
		flags |= unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	}
	for _, f := range p.Flags {
		switch f {
		case specs.LinuxSeccompFlagLog:
			flags |= unix.SECCOMP_FILTER_FLAG_LOG
		case specs.LinuxSeccompFlagSpecAllow:
			flags |= unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW
		case specs.LinuxSeccompFlagWaitKillableRecv:
			if notifies { // the kernel refuses it otherwise
				flags |= unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
			}
		default:
			return 0, fmt.Errorf("unknown seccomp flag %q: %w", f, errdefs.ErrInvalidArgument)
		}
	}
	return flags, nil
}
