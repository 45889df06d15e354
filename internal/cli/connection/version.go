package connection

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/moby/moby/client"
)

// versionFallback sends requests in the API version that the client library was built for, and
// learns from the first refusal which older version the daemon speaks. That costs one more round
// trip, once, with old daemons only, where asking first would cost one with every daemon.
//
// A refused request has had no effect, so sending it again is safe whatever its method. Only a
// request whose body cannot be had a second time (an upload) asks first.
type versionFallback struct {
	base   http.RoundTripper
	spoken string                 // version in the paths that the client library makes, "1.56"
	older  atomic.Pointer[string] // version to use instead; nil while none is needed
	known  atomic.Bool            // the daemon has answered: no refusal is to be expected any more
}

// rewrite puts the daemon's version into a request's path. It also serves as the client library's
// request hook, since hijacked connections do not pass through RoundTrip.
func (v *versionFallback) rewrite(req *http.Request) error {
	older := v.older.Load()
	if older == nil {
		return nil
	}
	if rest, ok := strings.CutPrefix(req.URL.Path, "/v"+v.spoken+"/"); ok {
		req.URL.Path = "/v" + *older + "/" + rest
		req.URL.RawPath = ""
	}
	return nil
}

// RoundTrip implements http.RoundTripper.
func (v *versionFallback) RoundTrip(req *http.Request) (*http.Response, error) {
	if v.known.Load() {
		return v.base.RoundTrip(req)
	}
	if !repeatable(req) {
		v.ask(req)
		if err := v.rewrite(req); err != nil {
			return nil, err
		}
		return v.base.RoundTrip(req)
	}
	resp, err := v.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	refused, err := v.learn(resp)
	if err != nil || !refused {
		return resp, err
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	if err := v.rewrite(again); err != nil {
		return nil, err
	}
	return v.base.RoundTrip(again)
}

// ask sends a ping in the place of a request that can be sent only once. What the ping fails of, the
// request will fail of as well.
func (v *versionFallback) ask(req *http.Request) {
	ping := req.Clone(req.Context())
	ping.Method, ping.Body, ping.GetBody, ping.ContentLength = http.MethodGet, nil, nil, 0
	ping.URL.Path, ping.URL.RawPath, ping.URL.RawQuery = "/_ping", "", ""
	ping.Header = http.Header{}
	resp, err := v.base.RoundTrip(ping)
	if err != nil {
		return
	}
	_ = resp.Body.Close()
	if offered := resp.Header.Get("Api-Version"); isOlder(offered, v.spoken) {
		v.older.Store(&offered)
	}
	v.known.Store(true)
}

// learn says whether resp refuses the version that was spoken, and if so keeps the daemon's.
func (v *versionFallback) learn(resp *http.Response) (refused bool, err error) {
	defer v.known.Store(true)
	if resp.StatusCode != http.StatusBadRequest {
		return false, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	_ = resp.Body.Close()
	if err != nil {
		return false, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	offered := supportedVersion(string(body))
	if resp.Request != nil && resp.Request.Method == http.MethodHead {
		offered = resp.Header.Get("Api-Version") // an answer to HEAD has no words
	}
	if !isOlder(offered, v.spoken) {
		return false, nil
	}
	v.older.Store(&offered)
	return true, nil
}

// supportedVersion reads the version out of a daemon's "client version 1.56 is too new. Maximum
// supported API version is 1.41"; "" if message is about something else.
func supportedVersion(message string) string {
	const marker = "Maximum supported API version is "
	_, after, found := strings.Cut(message, marker)
	if !found {
		return ""
	}
	return regexp.MustCompile(`^\d{1,3}\.\d{1,3}`).FindString(after)
}

// isOlder says whether version is one that a daemon may have and below newest.
func isOlder(version, newest string) bool {
	minor := func(v string) int {
		major, rest, _ := strings.Cut(v, ".")
		n, err := strconv.Atoi(rest)
		if major != "1" || err != nil {
			return -1
		}
		return n
	}
	return minor(version) >= 24 && minor(version) < minor(newest)
}

// repeatable says whether a request's body can be sent a second time.
func repeatable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// Settle asks the daemon for its version and speaks that from now on, where the version in a path is
// not all: answers that the client library reads differently by version.
func (c *Client) Settle(ctx context.Context) error {
	ping, err := c.Ping(ctx, client.PingOptions{})
	if err != nil || !isOlder(ping.APIVersion, c.ClientVersion()) {
		return err
	}
	o := c.options
	o.APIVersion = ping.APIVersion
	settled, err := Open(o)
	if err != nil {
		return err
	}
	_ = c.Close()
	*c = *settled
	return nil
}
