package test

import (
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// wire is a socket that passes all on to another and counts what goes there.
type wire struct {
	path  string
	bytes atomic.Int64
}

// countTo listens until the test ends for what is meant for the socket.
func countTo(t *testing.T, socket string) *wire {
	t.Helper()
	w := &wire{path: filepath.Join(t.TempDir(), "w")}
	listener, err := net.Listen("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	var copies sync.WaitGroup
	t.Cleanup(func() { listener.Close(); copies.Wait() })
	copies.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", socket)
			if err != nil {
				near.Close()
				continue
			}
			copies.Go(func() { pass(far, io.TeeReader(near, w)) })
			copies.Go(func() { pass(near, far) })
		}
	})
	return w
}

// pass copies until from says no more, and tells to so.
func pass(to net.Conn, from io.Reader) {
	io.Copy(to, from)
	to.(*net.UnixConn).CloseWrite()
}

// Write implements io.Writer: it counts.
func (w *wire) Write(p []byte) (int, error) {
	w.bytes.Add(int64(len(p)))
	return len(p), nil
}

func (w *wire) sent() int64 { return w.bytes.Load() }
