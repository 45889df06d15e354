package cgroup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// inotify is the notifier of cgroup v2: the kernel marks memory.events as changed after it has counted.
type inotify struct{ file *os.File }

func newInotify() (*inotify, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("inotify_init1: %w", err)
	}
	return &inotify{os.NewFile(uintptr(fd), "inotify")}, nil
}

func (n *inotify) add(g *Group) (handle int, err error) {
	err = control(n.file, func(fd int) error {
		handle, err = unix.InotifyAddWatch(fd, g.OOMFile(), unix.IN_MODIFY)
		return err
	})
	return handle, err
}

func (n *inotify) remove(handle int) {
	_ = control(n.file, func(fd int) error { // the kernel has done it by itself if the group is gone
		_, err := unix.InotifyRmWatch(fd, uint32(handle))
		return err
	})
}

func (n *inotify) wait() ([]int, error) {
	var buf [64 * unix.SizeofInotifyEvent]byte
	size, err := n.file.Read(buf[:])
	if err != nil {
		return nil, err
	}
	var handles []int
	for rest := buf[:size]; len(rest) >= unix.SizeofInotifyEvent; {
		handles = append(handles, int(int32(binary.NativeEndian.Uint32(rest))))
		name := int(binary.NativeEndian.Uint32(rest[12:]))
		rest = rest[min(len(rest), unix.SizeofInotifyEvent+name):]
	}
	return handles, nil
}

func (n *inotify) counts() bool { return true }
func (n *inotify) close() error { return n.file.Close() }

// eventfds is the notifier of cgroup v1: the kernel writes to a descriptor of each group when memory runs out in it, before
// it kills and counts, and when the group is removed.
type eventfds struct {
	epoll *os.File

	mu sync.Mutex // guards fds
	// fds are kept open here alone: a handle is a descriptor's number.
	fds map[int]bool
}

func newEventfds() (*eventfds, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // which lets the runtime wait for it
		unix.Close(fd)
		return nil, err
	}
	return &eventfds{epoll: os.NewFile(uintptr(fd), "epoll"), fds: map[int]bool{}}, nil
}

func (n *eventfds) add(g *Group) (handle int, err error) {
	told, err := os.Open(g.OOMFile())
	if err != nil {
		return 0, err
	}
	defer told.Close()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return 0, fmt.Errorf("eventfd: %w", err)
	}
	request := fmt.Sprintf("%d %d", fd, told.Fd())
	if err := write(filepath.Dir(g.OOMFile()), "cgroup.event_control", request); err != nil {
		unix.Close(fd)
		return 0, err
	}
	err = control(n.epoll, func(epoll int) error {
		return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	})
	if err != nil {
		unix.Close(fd)
		return 0, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fds[fd] = true
	return fd, nil
}

func (n *eventfds) remove(handle int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fds[handle] {
		delete(n.fds, handle)
		// Closing it does not take it out of the epoll while a child that is being forked has it as well.
		_ = control(n.epoll, func(epoll int) error { return unix.EpollCtl(epoll, unix.EPOLL_CTL_DEL, handle, nil) })
		unix.Close(handle)
	}
}

func (n *eventfds) wait() ([]int, error) {
	raw, err := n.epoll.SyscallConn()
	if err != nil {
		return nil, err
	}
	var handles []int
	var failed error
	err = raw.Read(func(epoll uintptr) bool {
		handles, failed = n.ready(int(epoll))
		return failed != nil || len(handles) > 0
	})
	return handles, errors.Join(err, failed)
}

// ready gives the descriptors that the kernel has written to. None of them becomes another's meanwhile.
func (n *eventfds) ready(epoll int) ([]int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var ready [64]unix.EpollEvent
	count, err := unix.EpollWait(epoll, ready[:], 0)
	if err != nil && err != unix.EINTR {
		return nil, fmt.Errorf("epoll_wait: %w", err)
	}
	var handles []int
	for _, e := range ready[:max(count, 0)] {
		if !n.fds[int(e.Fd)] {
			continue // the number is another file's by now
		}
		var counter [8]byte
		_, _ = unix.Read(int(e.Fd), counter[:]) // so that it is told no more
		handles = append(handles, int(e.Fd))
	}
	return handles, nil
}

func (n *eventfds) counts() bool { return false }

func (n *eventfds) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for fd := range n.fds {
		unix.Close(fd)
	}
	clear(n.fds)
	return n.epoll.Close()
}

// control calls f with the file's descriptor, unless the file is closed.
func control(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
