package server

import (
	"fmt"
	"os"
	"path"
	goruntime "runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
	"tug/internal/plan/fork"
	"tug/internal/shim"
)

// handed gives the runtime that the container was handed to, or nil.
func (s *Server) handed() *runtime {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runtime
}

// handOver has a runtime of the host create the container, takes the process that it gives for the container's first, and
// has it started.
func (s *Server) handOver(r *shim.Run, regs *fork.Registers, pending []*client) (*process, []string, error) {
	create, err := plan.Decode(r.Plan)
	if err != nil {
		return nil, nil, err
	}
	rt := newRuntime(r, s.reaper)
	s.mu.Lock()
	s.runtime = rt
	s.mu.Unlock()
	ends, err := openStreams(r.Process, regs, hostNull) // the plan puts the bundle's in its place
	if err != nil {
		return nil, nil, err
	}
	var made fork.Started
	c, err := rt.start(ends, func() error {
		return rt.wait(shim.FirstName, callWithin, func() (fork.Started, error) {
			made, err = fork.Start(create, regs)
			rt.mounts, rt.bundle = made.Mounts, made.Bundle
			return made, err
		})
	}, func() int { return made.Pty }, shim.FirstName)
	if err != nil {
		return nil, nil, err
	}
	p := s.follow(c, ends, r.Process, true, pending)
	if err = setDomainname(p.pid, rt.Domainname); err == nil {
		before := programOf(p.pid)
		if err = rt.ask("start", rt.container); err == nil {
			p.awaitProgram(before)
		}
	}
	close(rt.begun)
	if err != nil {
		p.signal(unix.SIGKILL)
		<-p.done
		return nil, nil, err
	}
	return p, made.Warnings, nil
}

// programOf names the program that a process runs.
func programOf(pid int) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return name
}

const (
	programWithin = 100 * time.Millisecond
	programLook   = time.Millisecond
)

// awaitProgram waits until the process runs another program than before. A runtime's start returns a little before its own
// program, which the process is until then, gives way to the container's: a signal that comes in between would be that
// one's, and ends it with a code that the container never had. Where the program does not change, as in a runtime that
// stays in between for good, the wait is short.
func (p *process) awaitProgram(before string) {
	for deadline := time.Now().Add(programWithin); time.Now().Before(deadline) && programOf(p.pid) == before; {
		select {
		case <-p.over:
			return
		case <-time.After(programLook):
		}
	}
}

// setDomainname sets the domain name in the UTS namespace of a process, if that is not the host's.
func setDomainname(pid int, name string) error {
	if name == "" {
		return nil
	}
	theirs, err := os.Open(fmt.Sprintf("/proc/%d/ns/uts", pid))
	if err != nil {
		return fmt.Errorf("set the domain name: %w", err)
	}
	defer theirs.Close()
	own, err := os.Stat("/proc/self/ns/uts")
	if err != nil {
		return fmt.Errorf("set the domain name: %w", err)
	}
	if info, err := theirs.Stat(); err != nil || os.SameFile(info, own) {
		return err
	}
	done := make(chan error, 1)
	go func() {
		goruntime.LockOSThread() // the thread ends with this function: it does not come back
		err := unix.Setns(int(theirs.Fd()), unix.CLONE_NEWUTS)
		if err == nil {
			err = unix.Setdomainname([]byte(name))
		}
		done <- err
	}()
	if err := <-done; err != nil {
		return fmt.Errorf("set the domain name to %s: %w", name, err)
	}
	return nil
}

// execThrough has the runtime start one more process in the container.
func (s *Server) execThrough(rt *runtime, x *shim.Exec, pending []*client) (*process, error) {
	rt.mu.Lock()
	rt.execs++
	name := "exec" + strconv.Itoa(rt.execs)
	rt.mu.Unlock()
	var regs fork.Registers
	ends, err := openStreams(x.Process, &regs, rt.null)
	if err != nil {
		return nil, err
	}
	file := name + ".json"
	if err := rt.write(file, x.JSON); err != nil {
		ends.closeChild()
		ends.closeParent()
		return nil, err
	}
	defer rt.forget(file)
	console, socket := 0, name+"."+plan.BundleConsole
	if x.Process.Terminal {
		if err := ends.nothing(&regs, rt.null); err != nil {
			return nil, err
		}
		if console, err = listenAt(fmt.Sprintf("/proc/self/fd/%d/%s", rt.bundle, socket)); err != nil {
			ends.closeChild()
			return nil, err
		}
		defer rt.forget(socket)
	}
	args := append([]string{"exec", "--detach", "--process", path.Join(rt.Dir, file)}, rt.Starts(name, x.Process.Terminal, socket)...)
	args = append(args, rt.container)
	c, err := rt.start(ends, func() error { return rt.call(name, callWithin, &regs, args...) }, func() int { return console }, name)
	if err != nil {
		return nil, err
	}
	return s.follow(c, ends, x.Process, false, pending), nil
}

// start makes a call by which a process is started, and finds that process and its terminal. Console gives the socket on
// which the runtime tells of a terminal.
func (rt *runtime) start(e *ends, call func() error, console func() int, name string) (c child, err error) {
	c.end, c.pidfd, err = rt.reaper.start(func() (int, error) {
		if err := call(); err != nil {
			return 0, err
		}
		c.pid, err = rt.pid(shim.PidOf(name))
		return c.pid, err
	})
	e.closeChild()
	rt.forget(shim.PidOf(name), shim.LogOf(name))
	if socket := console(); socket > 0 {
		if err == nil {
			c.pty, err = receiveTerminal(socket)
		}
		unix.Close(socket)
	}
	if err != nil {
		e.closeParent()
		if c.pidfd >= 0 {
			unix.PidfdSendSignal(c.pidfd, unix.SIGKILL, nil, 0)
			unix.Close(c.pidfd)
		}
	}
	return c, err
}

// receiveTerminal takes the master end of a terminal from the socket to which a runtime has sent it.
func receiveTerminal(socket int) (pty int, err error) {
	unix.SetNonblock(socket, true) // the runtime has ended: what it has sent is there
	fd, _, err := unix.Accept4(socket, unix.SOCK_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("it gave no terminal: %w", err)
	}
	defer unix.Close(fd)
	buf, oob := make([]byte, 4096), make([]byte, unix.CmsgSpace(4*maxFDs))
	_, n, _, _, err := unix.Recvmsg(fd, buf, oob, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	if err != nil {
		return 0, fmt.Errorf("it gave no terminal: %w", err)
	}
	var got conn
	got.keep(oob[:n])
	if len(got.fds) == 0 {
		return 0, fmt.Errorf("it gave no terminal")
	}
	for _, more := range got.fds[1:] {
		unix.Close(more)
	}
	return got.fds[0], nil
}
