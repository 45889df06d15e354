package api

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"

	"tug/internal/build"
)

// OpenBuilder fails as builds do.
func (f *fakeEngine) OpenBuilder(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.buildFails
}

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

// BuildClassic reads what was sent, notes what is to be built, and tells of one step.
func (f *fakeEngine) BuildClassic(_ context.Context, c *build.Classic, tell func(build.Message)) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.Context != nil {
		if _, err := io.Copy(io.Discard, c.Context); err != nil {
			return "", err
		}
	}
	f.built = c
	if f.buildFails != nil {
		tell(build.Message{Stream: "Step 1/1 : RUN false\n"})
		return "", f.buildFails
	}
	if c.Trace {
		tell(build.Message{Trace: []byte("trace")})
	} else {
		tell(build.Message{Stream: "Step 1/1 : FROM scratch\n"})
		tell(build.Message{Pull: &build.Progress{ID: "layer", Status: "Downloading", Current: 1, Total: 2}})
	}
	return "sha256:" + strings.Repeat("ab", 32), nil
}

// BuildUpload notes what was sent for which build.
func (f *fakeEngine) BuildUpload(_ context.Context, name string, body io.Reader) error {
	sent, err := io.ReadAll(body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.called = append(f.called, "upload "+name+" "+string(sent))
	return err
}

// BuildCancel notes which build is to end.
func (f *fakeEngine) BuildCancel(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.called = append(f.called, "cancel "+name)
}
