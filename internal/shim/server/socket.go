package server

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// The package net would double a shim's memory: here is the little of it that a shim needs.

// listen makes the socket at path, which only root may connect to.
func listen(path string) (*os.File, error) {
	fd, err := listenAt(path)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

func listenAt(path string) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, fmt.Errorf("make a socket: %w", err)
	}
	if err := unix.Fchmod(fd, 0o600); err != nil {
		unix.Close(fd)
		return 0, fmt.Errorf("make a socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return 0, fmt.Errorf("bind %s: %w", path, err)
	}
	if err := unix.Listen(fd, 128); err != nil {
		unix.Close(fd)
		return 0, fmt.Errorf("listen on %s: %w", path, err)
	}
	return fd, nil
}

// accept waits for a connection.
func accept(l *os.File) (*conn, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var failed error
	err = raw.Read(func(lfd uintptr) bool {
		fd, _, failed = unix.Accept4(int(lfd), unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		return failed != unix.EAGAIN && failed != unix.EINTR
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return &conn{File: os.NewFile(uintptr(fd), "client")}, nil
}

// conn is a connection; the first read also takes in descriptors that were sent along.
type conn struct {
	*os.File
	fds []int
}

// Read reads, and keeps the descriptors that come with the bytes.
func (c *conn) Read(p []byte) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	oob := make([]byte, unix.CmsgSpace(4*maxFDs))
	var oobn int
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, oobn, _, _, failed = unix.Recvmsg(int(fd), p, oob, unix.MSG_CMSG_CLOEXEC)
		return failed != unix.EAGAIN && failed != unix.EINTR
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return 0, err
	}
	if oobn > 0 {
		c.keep(oob[:oobn])
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// awaitHangup waits until the other side is gone for good, and not only done with sending. Errors: the connection was
// closed here.
func (c *conn) awaitHangup() error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(fd uintptr) bool {
		state := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(state, 0)
		return err == nil && n > 0 && state[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
	})
}

// again gives a second descriptor of the connection.
func (c *conn) again() (*conn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var failed error
	err = raw.Control(func(first uintptr) { fd, failed = unix.FcntlInt(first, unix.F_DUPFD_CLOEXEC, 0) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return &conn{File: os.NewFile(uintptr(fd), "client")}, nil
}

// maxFDs is how many descriptors one message may bring (SCM_MAX_FD).
const maxFDs = 253

func (c *conn) keep(oob []byte) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return
	}
	for _, m := range messages {
		if fds, err := unix.ParseUnixRights(&m); err == nil {
			c.fds = append(c.fds, fds...)
		}
	}
}
