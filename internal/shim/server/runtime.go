package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
	"tug/internal/plan/fork"
	"tug/internal/shim"
)

// runtime is a runtime of the host to which the container was handed over. It is a program that is called for each thing
// to be done; what it starts are children of the shim. Its files lie in the bundle, which is in a mount namespace that
// only it sees, and which the shim reaches by a descriptor.
type runtime struct {
	shim.Runtime
	container string
	reaper    *reaper
	// These are set by the first call, and read only after that.
	mounts, bundle int
	begun          chan struct{} // closed once the call that starts the container has ended

	mu    sync.Mutex   // guards calls and execs
	calls map[int]bool // pidfds of the calls under way
	execs int          // how many there have been, for the names of their files
}

const (
	// callWithin bounds a call that starts something, and askWithin one that a running container is asked by.
	callWithin = 2 * time.Minute
	askWithin  = 10 * time.Second
)

func newRuntime(r *shim.Run, reaper *reaper) *runtime {
	return &runtime{Runtime: *r.Runtime, container: r.Container, reaper: reaper, begun: make(chan struct{}), calls: map[int]bool{}}
}

// call calls the runtime with the standard streams in the registers and waits for it. The name is that of the call's files
// in the bundle. Errors: *shim.Failure.
func (rt *runtime) call(name string, within time.Duration, streams *fork.Registers, args ...string) error {
	p, err := plan.Runtime(rt.Call(name, args...))
	if err != nil {
		return err
	}
	regs := fork.Registers{plan.Mounts: rt.mounts}
	regs[plan.Stdin], regs[plan.Stdout], regs[plan.Stderr] = streams[plan.Stdin], streams[plan.Stdout], streams[plan.Stderr]
	err = rt.wait(name, within, func() (fork.Started, error) { return fork.Start(p, &regs) })
	if err == nil {
		rt.forget(shim.LogOf(name))
	}
	return err
}

// ask is a call about a container that runs, which says nothing.
func (rt *runtime) ask(verb string, args ...string) error {
	var streams fork.Registers
	var e ends
	defer e.closeChild()
	if err := e.nothing(&streams, rt.null); err != nil {
		return err
	}
	return rt.call(verb, askWithin, &streams, append([]string{verb}, args...)...)
}

// wait starts a call and waits until it has ended, and with it all that it does not leave running.
func (rt *runtime) wait(name string, within time.Duration, start func() (fork.Started, error)) error {
	end, pidfd, err := rt.reaper.start(func() (int, error) {
		s, err := start()
		return s.Pid, err
	})
	if err != nil {
		return err
	}
	if pidfd >= 0 {
		rt.note(pidfd, true)
		defer unix.Close(pidfd)
		defer rt.note(pidfd, false)
	}
	failure := &shim.Failure{}
	select {
	case e := <-end:
		if e.code == 0 {
			return nil
		}
		failure.Note = fmt.Sprintf("it ended with code %d", e.code)
	case <-time.After(within):
		unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
		<-end
		failure.Note = fmt.Sprintf("it had not ended after %s and was killed", within)
	}
	failure.Log = rt.read(shim.LogOf(name))
	return failure
}

func (rt *runtime) note(pidfd int, begins bool) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if begins {
		rt.calls[pidfd] = true
	} else {
		delete(rt.calls, pidfd)
	}
}

// stop ends the calls under way: the shim ends.
func (rt *runtime) stop() {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	for pidfd := range rt.calls {
		unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
	}
}

// kill sends a signal to the container.
func (rt *runtime) kill(sig unix.Signal) error {
	return rt.ask("kill", rt.container, strconv.Itoa(int(sig)))
}

// remove has the runtime forget a container that has ended. Nobody is told of the end before that: a runtime may end what
// it finds in the cgroup, which a new run of the container has again. What it leaves, the engine removes.
func (rt *runtime) remove() {
	<-rt.begun // the container may have ended before the call that started it
	if err := rt.ask("delete", "--force", rt.container); err != nil {
		fmt.Fprintf(os.Stderr, "tug-shim: %s delete: %v\n", rt.Args[0], err)
	}
}

// maxLog bounds in bytes what is told of what a runtime wrote.
const maxLog = 16 << 10

// null opens the bundle's null device.
func (rt *runtime) null() (fd int, err error) {
	if fd, err = unix.Openat(rt.bundle, plan.BundleNull, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err != nil {
		return 0, fmt.Errorf("open the bundle's null device: %w", err)
	}
	return fd, nil
}

// read gives the end of a file in the bundle.
func (rt *runtime) read(name string) []byte {
	fd, err := unix.Openat(rt.bundle, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxLog {
		f.Seek(-maxLog, io.SeekEnd)
	}
	data, _ := io.ReadAll(io.LimitReader(f, maxLog))
	return data
}

// write makes a file in the bundle.
func (rt *runtime) write(name string, data []byte) error {
	fd, err := unix.Openat(rt.bundle, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	_, err = f.Write(data)
	return err
}

func (rt *runtime) forget(names ...string) {
	for _, name := range names {
		unix.Unlinkat(rt.bundle, name, 0)
	}
}

// pid reads which process a call has started. It must be the shim's to wait for.
func (rt *runtime) pid(file string) (int, error) {
	pid, err := strconv.Atoi(string(rt.read(file)))
	if err != nil || pid <= 0 {
		return 0, errors.New("it gave no pid of what it has started")
	}
	err = unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	if err != nil && !rt.reaper.reaped(pid) {
		return 0, fmt.Errorf("it gave the pid %d, which is no descendant of its own: %w", pid, err)
	}
	return pid, nil
}
