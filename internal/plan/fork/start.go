// Package fork carries plans out: it runs the shim's steps on a thread of its own, forks, and lets the child go through
// the rest of the plan with raw system calls, for after fork the Go runtime is not there any more.
package fork

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"syscall"
	_ "unsafe" // for linkname

	"golang.org/x/sys/unix"

	"tug/internal/plan"
)

// Registers is what the shim puts into a plan's registers, and what it finds there afterwards.
type Registers [plan.Regs]int

// Failure is a step that failed.
type Failure struct {
	Note string // what the step was to do
	Errno
}

// Errno is the system's error number.
type Errno = syscall.Errno

func (f *Failure) Error() string { return f.Note + ": " + f.Errno.Error() }

// Unwrap gives the error number, for errors.Is.
func (f *Failure) Unwrap() error { return f.Errno }

// Started is a process that a plan has started.
type Started struct {
	Pid      int
	Warnings []string
	Pty      int // the master end of the process's terminal; 0: none
	Devpts   int // the container's devpts, in which its execs get terminals; 0: none
	Mounts   int // of a container that was handed over: plan.Mounts and plan.BundleDir; 0: none
	Bundle   int
}

// pidRecord marks a record of the status pipe that tells a pid; any other first word is the index of the failed step.
const pidRecord = ^uint64(0)

// Start carries the plan out and returns when its process has called execve(2). The process is a child of the caller,
// which has to reap it and any other child. Errors are *Failure.
func Start(p *plan.Plan, regs *Registers) (s Started, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The shim's steps may change the thread's credentials and mounts: the thread ends with this function.
		runtime.LockOSThread()
		s, err = start(p, regs)
	}()
	<-done
	return s, err
}

func start(p *plan.Plan, preset *Registers) (Started, error) {
	l := load(p, preset)
	defer runtime.KeepAlive(l)
	defer l.closeOwn(preset)
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return Started{}, fmt.Errorf("make a status pipe: %w", err)
	}
	defer unix.Close(pipe[0])
	l.regs[plan.Status] = uintptr(pipe[1])
	warnings, at, err := l.prepare(p)
	if err != nil {
		return Started{}, err
	}
	before := l.regs // the entry process shares this memory, but not the descriptors that it leaves in registers
	pid, errno := forkInto(l, at, p.Forks)
	l.regs = before
	unix.Close(pipe[1])
	l.regs[plan.Status] = uintptr(preset[plan.Status])
	if errno != 0 {
		return Started{}, &Failure{p.Steps[at].Note, errno}
	}
	first, failure := l.readStatus(p, pipe[0])
	if failure != nil {
		return Started{}, failure
	}
	if p.Forks {
		pid = first
	}
	s := Started{Pid: pid, Warnings: warnings}
	s.Pty, l.regs[plan.PtyMaster] = int(l.regs[plan.PtyMaster]), 0
	for r, to := range map[plan.Reg]*int{plan.Devpts: &s.Devpts, plan.Mounts: &s.Mounts, plan.BundleDir: &s.Bundle} {
		if preset[r] == 0 {
			*to, l.regs[r] = int(l.regs[r]), 0
		}
	}
	return s, nil
}

// readStatus reads until the process has called execve(2), which closes the pipe, or a step has failed.
func (l *loaded) readStatus(p *plan.Plan, pipe int) (first int, err error) {
	var record [16]byte
	for {
		n, e := unix.Read(pipe, record[:])
		if e == unix.EINTR {
			continue
		}
		if e != nil {
			return 0, fmt.Errorf("read the status pipe: %w", e)
		}
		if n < len(record) {
			if p.Forks && first == 0 {
				return 0, &Failure{"start the container's first process", unix.ESRCH}
			}
			return first, nil
		}
		index, value := binary.NativeEndian.Uint64(record[:]), binary.NativeEndian.Uint64(record[8:])
		if index == pidRecord {
			first = int(value)
			continue
		}
		if index >= uint64(len(p.Steps)) {
			return 0, fmt.Errorf("the status pipe gave step %d of %d", index, len(p.Steps))
		}
		return 0, &Failure{p.Steps[index].Note, Errno(value)}
	}
}

// prepare runs the shim's steps and returns the index of the one that forks.
func (l *loaded) prepare(p *plan.Plan) (warnings []string, at int, err error) {
	for i := 0; i < len(l.ops); i++ {
		o := &l.ops[i]
		if o.fork {
			return warnings, i, nil
		}
		l.patch(o)
		a := l.arguments(o)
		var r uintptr
		var e Errno
		for {
			r, _, e = syscall.Syscall6(o.call, a[0], a[1], a[2], a[3], a[4], a[5])
			if e != unix.EINTR {
				break
			}
		}
		if e != 0 {
			if !o.allows(e) {
				return nil, i, &Failure{p.Steps[i].Note, e}
			}
			if w := p.Steps[i].Warning; w != "" {
				warnings = append(warnings, w)
			}
			i += int(o.skipErr)
			continue
		}
		if o.out != 0 {
			l.regs[o.out] = r
		}
		i += int(o.skipOK)
	}
	return nil, 0, fmt.Errorf("the plan never forks")
}

// closeOwn closes the descriptors that the shim's steps opened, but not what the caller gave.
func (l *loaded) closeOwn(preset *Registers) {
	for r := range l.regs {
		if fd := int(l.regs[r]); fd > 2 && fd != preset[r] {
			unix.Close(fd)
		}
	}
}

// forkInto carries out the step at index at, which forks, and in the child the rest of the plan. With vfork the child
// shares the caller's memory, which saves the copy of its page tables, and the caller goes on once the child has ended:
// that is for a child which only forks again, and waits for nobody.
//
//go:norace
//go:noinline
//go:nocheckptr
func forkInto(l *loaded, at int, vfork bool) (pid int, errno Errno) {
	ops, regs := l.ops, &l.regs
	o := &ops[at]
	l.patch(o)
	a := l.arguments(o)
	syscall.ForkLock.Lock()
	beforeFork()
	var r, e uintptr
	if vfork {
		r, e = rawVfork(o.call, a[0], a[1])
	} else {
		r, _, errno = syscall.RawSyscall6(o.call, a[0], a[1], a[2], a[3], a[4], a[5])
		e = uintptr(errno)
	}
	if e != 0 || r != 0 {
		afterFork()
		syscall.ForkLock.Unlock()
		return int(r), Errno(e)
	}
	afterForkInChild()
	carryOut(ops, regs, at+1)
	return 0, 0 // not reached
}

//go:noescape
func rawVfork(trap, a1, a2 uintptr) (r1, errno uintptr)

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()
