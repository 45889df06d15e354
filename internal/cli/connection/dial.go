package connection

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"sync"
	"syscall"
)

// dialer connects to a daemon on a unix socket or a plain TCP port, and has the daemon started if
// it is the default one and nobody listens.
type dialer struct {
	host          Host
	network, addr string

	start func(context.Context) error // starts the daemon and waits until it listens; nil: never
	tried sync.Once
}

// DialContext implements the function of that name of http.Transport; its arguments say nothing
// that d does not know.
func (d *dialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := d.dial(ctx)
	if err == nil {
		return conn, nil
	}
	if d.start != nil && nobodyListens(err) {
		var startErr error
		d.tried.Do(func() { startErr = d.start(ctx) })
		if startErr != nil {
			return nil, startErr
		}
		if conn, err = d.dial(ctx); err == nil {
			return conn, nil
		}
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return nil, ctxErr
	}
	return nil, unreachable(d.host, err)
}

func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	var plain net.Dialer
	return plain.DialContext(ctx, d.network, d.addr)
}

// nobodyListens tells an absent daemon from one that may not be talked to.
func nobodyListens(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}
