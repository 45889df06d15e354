package seccomp

import "github.com/opencontainers/runtime-spec/specs-go"

// On 32-bit x86 a program may make its socket and System V IPC calls through two old multiplexers, socketcall and ipc,
// whose first argument says which call is meant. A rule for such a call holds for both ways, as with libseccomp.
// The call's own arguments lie in memory there, where no filter can look: a condition on the first is dropped.

// multiplexed returns the multiplexer that can make a call on 32-bit x86, and the condition under which it does.
func multiplexed(name string) (multiplexer string, c specs.LinuxSeccompArg, ok bool) {
	if call := socketcall(name); call != 0 {
		return "socketcall", specs.LinuxSeccompArg{Op: specs.OpEqualTo, Value: call}, true
	}
	if call := ipc(name); call != 0 {
		// The kernel takes a version from the upper half of the argument.
		return "ipc", specs.LinuxSeccompArg{Op: specs.OpMaskedEqual, Value: 0xffff, ValueTwo: call}, true
	}
	return "", c, false
}

// socketcall is the call's number in linux/net.h, 0 if it has none.
func socketcall(name string) uint64 {
	for i, n := range []string{
		"socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "send", "recv", "sendto",
		"recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg",
	} {
		if n == name {
			return uint64(i + 1)
		}
	}
	return 0
}

// ipc is the call's number in linux/ipc.h, 0 if it has none.
func ipc(name string) uint64 {
	switch name {
	case "semop":
		return 1
	case "semget":
		return 2
	case "semctl":
		return 3
	case "semtimedop":
		return 4
	case "msgsnd":
		return 11
	case "msgrcv":
		return 12
	case "msgget":
		return 13
	case "msgctl":
		return 14
	case "shmat":
		return 21
	case "shmdt":
		return 22
	case "shmget":
		return 23
	case "shmctl":
		return 24
	}
	return 0
}
