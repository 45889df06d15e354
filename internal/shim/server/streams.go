package server

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
	"tug/internal/plan/fork"
	"tug/internal/shim"
)

// ends are the ends of a process's standard streams: the shim's as files, the child's as descriptors.
type ends struct {
	stdin, stdout, stderr *os.File
	child                 []int
}

// hostNull opens the host's null device.
func hostNull() (fd int, err error) {
	if fd, err = unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		return 0, fmt.Errorf("open /dev/null: %w", err)
	}
	return fd, nil
}

// nothing gives the null device as all standard streams.
func (e *ends) nothing(regs *fork.Registers, null func() (fd int, err error)) error {
	fd, err := null()
	if err != nil {
		return err
	}
	regs[plan.Stdin], regs[plan.Stdout], regs[plan.Stderr] = fd, fd, fd
	e.child = append(e.child, fd)
	return nil
}

// openStreams makes the pipes that a process without a terminal needs, and puts the child's ends into the registers.
func openStreams(st shim.Streams, regs *fork.Registers, null func() (fd int, err error)) (e *ends, err error) {
	e = &ends{}
	defer func() {
		if err != nil {
			e.closeChild()
			e.closeParent()
		}
	}()
	if st.Terminal {
		return e, nil // it has its terminal; a runtime of the host that makes one gets none of these either
	}
	if st.Stdin {
		r, w, err := pipe()
		if err != nil {
			return e, err
		}
		e.stdin, regs[plan.Stdin] = nonblocking(w), r
	} else {
		if regs[plan.Stdin], err = null(); err != nil {
			return e, err
		}
	}
	e.child = append(e.child, regs[plan.Stdin])
	for _, o := range []struct {
		file **os.File
		reg  plan.Reg
	}{{&e.stdout, plan.Stdout}, {&e.stderr, plan.Stderr}} {
		r, w, err := pipe()
		if err != nil {
			return e, err
		}
		*o.file, regs[o.reg] = nonblocking(r), w
		e.child = append(e.child, w)
	}
	return e, nil
}

func pipe() (r, w int, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return 0, 0, fmt.Errorf("make a pipe: %w", err)
	}
	return p[0], p[1], nil
}

func nonblocking(fd int) *os.File {
	unix.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), "stream")
}

func (e *ends) closeChild() {
	for _, fd := range e.child {
		unix.Close(fd)
	}
	e.child = nil
}

func (e *ends) closeParent() {
	for _, f := range []*os.File{e.stdin, e.stdout, e.stderr} {
		if f != nil {
			f.Close()
		}
	}
}
