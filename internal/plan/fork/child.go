package fork

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
)

// carryOut goes through the plan from step i on, in a process that has just been forked: it allocates nothing, takes no
// lock, grows no stack and calls nothing but the kernel. It does not return: execve(2) or a failure ends it.
//
//go:norace
//go:nosplit
//go:noinline
//go:nocheckptr
func carryOut(ops []op, regs *[plan.Regs]uintptr, i int) {
	var record [2]uint64
	var a [6]uintptr
	for i < len(ops) {
		o := &ops[i]
		for j := range o.patches {
			q := &o.patches[j]
			n := regs[q.reg]
			switch q.kind {
			case plan.Patch32:
				*(*uint32)(q.at) = uint32(n)
			case plan.Patch64:
				*(*uint64)(q.at) = uint64(n)
			default:
				decimal((*[plan.FDWidth]byte)(q.at), n)
			}
		}
		for j := range a {
			a[j] = o.args[j]
			if o.register[j] {
				a[j] = regs[a[j]&(plan.Regs-1)]
			}
		}
		var r uintptr
		var e Errno
		if o.fork {
			if r = forkOn(o.call, a[0], regs[plan.Status], &record); r != 0 {
				e = Errno(-r)
			}
		} else {
			r, _, e = syscall.RawSyscall6(o.call, a[0], a[1], a[2], a[3], a[4], a[5])
		}
		if e == unix.EINTR {
			continue
		}
		if e != 0 {
			if !o.allows(e) {
				record[0], record[1] = uint64(i), uint64(e)
				break
			}
			i += 1 + int(o.skipErr)
			continue
		}
		if o.out != 0 {
			regs[o.out] = r
		}
		i += 1 + int(o.skipOK)
	}
	syscall.RawSyscall(unix.SYS_WRITE, regs[plan.Status], uintptr(unsafe.Pointer(&record)), 16)
	for {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 127, 0, 0)
	}
}

//go:noescape
func forkOn(trap, flags, status uintptr, record *[2]uint64) (r uintptr)

// allows tells whether the step may fail so.
//
//go:nosplit
func (o *op) allows(e Errno) bool {
	for j := range o.allow {
		if o.allow[j] == e {
			return true
		}
	}
	return false
}

// decimal writes n in decimal digits at the end of the room, after slashes, of which a path may have many.
//
//go:nosplit
func decimal(to *[plan.FDWidth]byte, n uintptr) {
	j := plan.FDWidth - 1
	for ; n >= 10; j-- {
		to[j&(plan.FDWidth-1)] = byte('0' + n%10)
		n /= 10
	}
	to[j&(plan.FDWidth-1)] = byte('0' + n)
	for j--; j >= 0; j-- {
		to[j] = '/'
	}
}
