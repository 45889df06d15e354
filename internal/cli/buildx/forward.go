package buildx

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// forward is a socket on this machine that leads to a daemon for which Docker's libraries have no way: by ssh they would call
// docker there, not tug. Nobody but this user can reach it.
type forward struct {
	folder   string
	listener net.Listener
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// newForward listens until close; each connection goes on over one of dial's.
func newForward(dial func(context.Context) (net.Conn, error)) (*forward, error) {
	folder, err := os.MkdirTemp("", "tug-build-") // mode 0700
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", filepath.Join(folder, "s"))
	if err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &forward{folder: folder, listener: listener, cancel: cancel}
	f.running.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			f.running.Go(func() { join(ctx, near, dial) })
		}
	})
	return f, nil
}

func (f *forward) address() string { return "unix://" + f.listener.Addr().String() }

func (f *forward) close() {
	f.listener.Close()
	f.cancel()
	f.running.Wait()
	os.RemoveAll(f.folder)
}

// join carries bytes between near and a new connection until both sides have said all, or ctx ends.
func join(ctx context.Context, near net.Conn, dial func(context.Context) (net.Conn, error)) {
	defer near.Close()
	far, err := dial(ctx)
	if err != nil {
		return // whoever connected finds the connection closed
	}
	defer far.Close()
	defer context.AfterFunc(ctx, func() { near.Close(); far.Close() })()
	var there sync.WaitGroup
	there.Go(func() { carry(far, near) })
	carry(near, far)
	there.Wait()
}

// carry copies until from says no more, and tells to so.
func carry(to, from net.Conn) {
	_, err := io.Copy(to, from)
	half, can := to.(interface{ CloseWrite() error })
	if err != nil || !can || half.CloseWrite() != nil {
		to.Close()
	}
}
