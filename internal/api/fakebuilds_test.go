package api

import (
	"context"
	"net"
	"net/http"

	"tug/internal/build"
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

// BuildCache is empty.
func (f *fakeEngine) BuildCache(context.Context) ([]build.CacheRecord, error) { return nil, nil }

// PruneBuildCache removes two things.
func (f *fakeEngine) PruneBuildCache(context.Context, *build.PruneOptions) ([]build.CacheRecord, error) {
	return []build.CacheRecord{{ID: "one", Size: 7}, {ID: "two", Size: 8}}, nil
}
