package plan

import "golang.org/x/sys/unix"

// Namespaces compiles the plan of a process that holds new user and network namespaces open until the pipe in the
// registers Stdin (its end to read) and Stdout is closed. In the network namespace the loopback device is up.
func Namespaces(user, network bool) *Plan {
	b := newBuilder()
	var flags uint64
	if user {
		flags |= unix.CLONE_NEWUSER
	}
	if network {
		flags |= unix.CLONE_NEWNET
	}
	b.fork(flags, 0)
	b.stage = First
	if network {
		b.loopback()
	}
	return b.hold()
}

// NetworkIn compiles the plan of a process that holds a new network namespace open in the same way, one that belongs to
// the user namespace in the register UserNS.
func NetworkIn() *Plan {
	b := newBuilder()
	b.fork(0, 0)
	b.stage = First
	b.call("enter the user namespace", unix.SYS_SETNS, from(UserNS), num(unix.CLONE_NEWUSER))
	b.call("make a network namespace", unix.SYS_UNSHARE, num(unix.CLONE_NEWNET))
	b.loopback()
	return b.hold()
}

func (b *builder) loopback() {
	socket := b.reg()
	ifreq := make([]byte, 40) // struct ifreq: the name, then the flags
	copy(ifreq, "lo")
	ifreq[16], ifreq[17] = unix.IFF_UP&0xff, unix.IFF_UP>>8
	b.call("bring lo up", unix.SYS_SOCKET, num(unix.AF_INET), num(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC), num(0)).out(socket)
	b.call("bring lo up", unix.SYS_IOCTL, from(socket), num(unix.SIOCSIFFLAGS), ptr(b.block(ifreq)))
	b.close(socket)
}

// hold ends a plan: the process says that it is ready, waits until it is let go, and ends.
func (b *builder) hold() *Plan {
	b.close(Status)
	b.close(Stdout)
	b.call("wait", unix.SYS_READ, from(Stdin), ptr(b.words(0)), num(1))
	b.call("end", unix.SYS_EXIT_GROUP, num(0))
	p, _ := b.finish() // nothing in it depends on input
	return p
}
