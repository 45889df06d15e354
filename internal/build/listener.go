package build

import (
	"net"
	"sync"
)

// handed is a listener for connections that come from elsewhere.
type handed struct {
	conns chan net.Conn
	done  chan struct{}
	end   sync.Once
}

func newHanded() *handed { return &handed{conns: make(chan net.Conn), done: make(chan struct{})} }

// hand gives a connection to who listens. Errors: Unavailable.
func (h *handed) hand(c net.Conn) error {
	select {
	case h.conns <- c:
		return nil
	case <-h.done:
		c.Close()
		return errClosed
	}
}

// Accept implements net.Listener.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handed) Close() error {
	h.end.Do(func() { close(h.done) })
	return nil
}

// Addr implements net.Listener.
func (h *handed) Addr() net.Addr { return &net.UnixAddr{Net: "unix", Name: "grpc"} }
