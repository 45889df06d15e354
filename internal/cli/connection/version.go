package connection

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
)

// versionFallback sends requests in the API version that the client library was built for, and
// learns from the first refusal which older version the daemon speaks. That costs one more round
// trip, once, with old daemons only, where asking first would cost one with every daemon.
//
// A refused request has had no effect, so sending it again is safe whatever its method.
type versionFallback struct {
	base   http.RoundTripper
	spoken string                 // version in the paths that the client library makes, "1.56"
	older  atomic.Pointer[string] // version to use instead; nil while none is needed
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
	resp, err := v.base.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusBadRequest || v.older.Load() != nil {
		return resp, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))

	older := supportedVersion(string(body))
	if older == "" || !repeatable(req) {
		return resp, nil
	}
	v.older.Store(&older)

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

// supportedVersion reads the version out of a daemon's "client version 1.56 is too new. Maximum
// supported API version is 1.41"; "" if message is about something else or makes no sense.
func supportedVersion(message string) string {
	const marker = "Maximum supported API version is "
	_, after, found := strings.Cut(message, marker)
	if !found {
		return ""
	}
	version := regexp.MustCompile(`^\d{1,3}\.\d{1,3}`).FindString(after)
	major, minor, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(minor); major != "1" || err != nil || n < 24 {
		return ""
	}
	return version
}

// repeatable says whether a request's body can be sent a second time.
func repeatable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}
