package registry

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

const (
	// maxAnswer is the largest answer that is not a blob, in bytes: manifests, tokens, errors.
	maxAnswer = 8 << 20
	// maxRedirects is how often a registry may send us on, for one request.
	maxRedirects = 8
	// stallTimeout is how long a transfer may bring nothing.
	stallTimeout = 90 * time.Second
)

// guard is a http.RoundTripper that sends nothing in the clear to who should be spoken to over TLS, be it by a redirect or by the
// address of a token server, takes credentials along to no other host, and bounds what comes back.
type guard struct {
	next    http.RoundTripper
	plain   bool               // plain http is allowed
	blocked func(string) error // says that a host may not be spoken to
	own     http.Header        // headers that are for the first host alone
	stall   time.Duration      // how long a transfer may bring nothing
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.blocked(r.URL.Host); err != nil {
		return nil, err
	}
	first, redirects := origin(r)
	if redirects > maxRedirects {
		return nil, fmt.Errorf("registry %s redirects more than %d times, at last to %s: %w", first.URL.Host, maxRedirects, r.URL.Host, errdefs.ErrOutOfRange)
	}
	if r.URL.Scheme != "https" && !g.plain {
		return nil, fmt.Errorf("refusing to go on to %s://%s over an unencrypted connection: if that is meant, list the registry as insecure: %w",
			r.URL.Scheme, r.URL.Host, errdefs.ErrPermissionDenied)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Encoding", "identity") // what is decoded on its way has no bounds, and blobs are compressed as they are
	if first.URL.Host != r.URL.Host {
		// net/http takes another port of the same host for the same party.
		r.Header.Del("Authorization")
		for name := range g.own {
			r.Header.Del(name)
		}
	}
	resp, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if !isBlob(r) && resp.StatusCode < 300 && resp.ContentLength > docker.MaxManifestSize {
		resp.Body.Close()
		return nil, fmt.Errorf("registry's answer has %d bytes, %d is the most for a manifest: %w", resp.ContentLength, docker.MaxManifestSize, errdefs.ErrOutOfRange)
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") && resp.StatusCode < 300 && r.Method != http.MethodHead {
		resp.Body.Close()
		return nil, fmt.Errorf("registry %s sends %.20q-encoded what it was asked for as it is: the registry is broken, or a proxy on the way to it: %w",
			r.URL.Host, encoding, errdefs.ErrOutOfRange)
	}
	body := &guardedBody{ReadCloser: resp.Body, left: -1, stall: g.stall}
	if resp.StatusCode >= 300 || !isBlob(r) {
		body.left = maxAnswer
	}
	resp.Body = body
	return resp, nil
}

// origin is the request that was made at first, and how many redirects there were since: a redirect's request knows who caused it.
func origin(r *http.Request) (first *http.Request, redirects int) {
	for ; r.Response != nil && r.Response.Request != nil; redirects++ {
		r = r.Response.Request
	}
	return r, redirects
}

// isBlob says that a request is for a blob, or for where a registry sent us for one. A repository may be called "x/blobs/y".
func isBlob(r *http.Request) bool {
	first, _ := origin(r)
	dir, last := path.Split(first.URL.Path)
	return strings.HasSuffix(dir, "/blobs/") && digest.Digest(last).Validate() == nil
}

// guardedBody is an answer that must not be too long nor stand still.
type guardedBody struct {
	io.ReadCloser
	left  int64 // bytes that may still come, -1 for any number
	stall time.Duration
}

func (b *guardedBody) Read(p []byte) (int, error) {
	var stalled atomic.Bool
	timer := time.AfterFunc(b.stall, func() {
		stalled.Store(true)
		b.ReadCloser.Close() // ends the read
	})
	n, err := b.ReadCloser.Read(p)
	timer.Stop()
	if err != nil && stalled.Load() {
		return n, fmt.Errorf("nothing came for %s: %w", b.stall, errdefs.ErrUnavailable)
	}
	if b.left >= 0 {
		if b.left -= int64(n); b.left < 0 {
			return 0, fmt.Errorf("registry's answer is longer than %d bytes: %w", maxAnswer, errdefs.ErrOutOfRange)
		}
	}
	return n, err
}
