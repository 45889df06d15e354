package cgroup

import (
	"testing"

	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// A group that ends while the daemon forks leaves its descriptor open in the child for a moment. By then its number may be
// that of a client's connection, of which nothing must be read.
func TestNothingIsReadOfAFileThatHasTheNumberOfAGroupThatEnded(t *testing.T) {
	n, err := newEventfds()
	assert.NilError(t, err)
	defer n.close()
	handle, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	assert.NilError(t, err)
	assert.NilError(t, control(n.epoll, func(epoll int) error {
		return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, handle, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(handle)})
	}))
	n.fds[handle] = true
	childs, err := unix.Dup(handle)
	assert.NilError(t, err)
	defer unix.Close(childs)

	var pipe [2]int
	assert.NilError(t, unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK))
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	n.remove(handle)
	assert.NilError(t, unix.Dup3(pipe[0], handle, unix.O_CLOEXEC))
	defer unix.Close(handle)
	_, err = unix.Write(pipe[1], []byte("POST /containers"))
	assert.NilError(t, err)
	_, err = unix.Write(childs, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	assert.NilError(t, err)

	assert.NilError(t, control(n.epoll, func(epoll int) error {
		handles, err := n.ready(epoll)
		assert.Equal(t, len(handles), 0)
		return err
	}))
	var got [32]byte
	size, err := unix.Read(pipe[0], got[:])
	assert.NilError(t, err)
	assert.Equal(t, string(got[:size]), "POST /containers")
}
