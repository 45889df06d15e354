package api

import (
	"context"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// whileThere gives a context that ends when the client is gone for good, and not only done with sending: net/http does not
// look after a connection that was taken over. What the client has sent before is read first, if anybody reads, but not waited for
// longer than patience. A client on TCP that is gone is noticed when something is sent to it, at the latest by the
// kernel's keepalive.
func (s *conversation) whileThere(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	s.probe()
	watched, err := s.watched()
	if err != nil {
		return ctx, cancel // what is written to it tells
	}
	context.AfterFunc(ctx, func() { watched.Close() })
	over := make(chan struct{})
	go func() {
		defer close(over)
		if awaitHangup(watched) == nil && s.isRead() {
			select {
			case <-s.ended:
			case <-ctx.Done():
			case <-time.After(patience):
			}
		}
		cancel()
	}()
	return ctx, func() {
		cancel()
		<-over
	}
}

// patience is how long the input of a client that has gone may wait for somebody to read it.
const patience = time.Minute

// probe has the kernel ask a TCP client whether it is still there: one that has closed its connection, or whose machine has gone, while
// there is nothing to send to it, is noticed then.
func (s *conversation) probe() {
	if conn, ok := s.plain().(*net.TCPConn); ok {
		_ = conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3})
	}
}

// plain is the connection without TLS.
func (s *conversation) plain() net.Conn {
	if secured, ok := s.Conn.(interface{ NetConn() net.Conn }); ok {
		return secured.NetConn()
	}
	return s.Conn
}

func (s *conversation) isRead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

// watched gives a second descriptor of the connection, which can be waited for while another goroutine reads the first.
func (s *conversation) watched() (*os.File, error) {
	with, ok := s.plain().(interface{ File() (*os.File, error) })
	if !ok {
		return nil, os.ErrInvalid
	}
	return with.File()
}

// awaitHangup waits until the other side is gone. Errors: the file was closed here.
func awaitHangup(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(fd uintptr) bool {
		state := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(state, 0)
		return err == nil && n > 0 && state[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
	})
}
