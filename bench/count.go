package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// counter is a socket that passes all on to another and counts what goes there.
type counter struct {
	path     string
	listener net.Listener
	bytes    atomic.Int64
	copies   sync.WaitGroup
}

// count listens in a folder for what is meant for the socket.
func count(folder, socket string) (*counter, error) {
	c := &counter{path: filepath.Join(folder, fmt.Sprintf("count-%s", filepath.Base(socket)))}
	_ = unix.Unlink(c.path)
	var err error
	if c.listener, err = net.Listen("unix", c.path); err != nil {
		return nil, err
	}
	c.copies.Go(func() {
		for {
			from, err := c.listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("unix", socket)
			if err != nil {
				_ = from.Close()
				continue
			}
			c.copies.Go(func() { c.pass(to.(*net.UnixConn), from.(*net.UnixConn), &c.bytes) })
			c.copies.Go(func() { c.pass(from.(*net.UnixConn), to.(*net.UnixConn), new(atomic.Int64)) })
		}
	})
	return c, nil
}

func (c *counter) pass(to, from *net.UnixConn, bytes *atomic.Int64) {
	_, _ = io.Copy(to, io.TeeReader(from, adder{bytes}))
	_ = to.CloseWrite()
	_ = from.CloseRead()
}

func (c *counter) sent() int64 { return c.bytes.Load() }

// close ends the socket, and waits for those who use it, whose programs have ended.
func (c *counter) close() {
	_ = c.listener.Close()
	c.copies.Wait()
}

type adder struct{ sum *atomic.Int64 }

func (a adder) Write(p []byte) (int, error) {
	a.sum.Add(int64(len(p)))
	return len(p), nil
}
