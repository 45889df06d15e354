package api

import (
	"context"
	"net"
	"net/http"
)

// BuildControl ends the connection.
func (f *fakeEngine) BuildControl(_ context.Context, conn net.Conn) error { return conn.Close() }

// BuildSession notes which session it is, and ends it.
func (f *fakeEngine) BuildSession(_ context.Context, conn net.Conn, header map[string][]string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.called = append(f.called, "session "+http.Header(header).Get("X-Docker-Expose-Session-Uuid"))
	return conn.Close()
}
