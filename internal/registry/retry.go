package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
)

const (
	maxTries  = 6                      // of one request, the first included
	firstWait = 500 * time.Millisecond // doubled with each try
	// maxWait is the longest that a registry may have us wait for one try (Retry-After); one that wants more is reported instead.
	maxWait = time.Minute
	// maxSaying is the longest that the words in which a registry says that it is busy may take to come; they are a courtesy.
	maxSaying = 10 * time.Second
)

// waitFunc waits, or returns why it did not.
type waitFunc func(context.Context, time.Duration) error

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// noticeKey finds in a context who wants to know of waiting.
type noticeKey struct{}

// WithNotice returns a context in which tell is called with how long is waited before a request is tried again.
func WithNotice(ctx context.Context, tell func(time.Duration)) context.Context {
	return context.WithValue(ctx, noticeKey{}, tell)
}

func noticeOf(ctx context.Context) (func(time.Duration), bool) {
	tell, ok := ctx.Value(noticeKey{}).(func(time.Duration))
	return tell, ok
}

// waiting is how to wait.
func (c Config) waiting() waitFunc {
	if c.wait != nil {
		return c.wait
	}
	return wait
}

// retry is a http.RoundTripper that asks again what a busy or failing registry did not answer: 429 and 5xx, with growing pauses, or
// those that the registry wishes, if they are longer. What it says at last is an error (*busyError) and not an answer, so that nobody above tries on.
type retry struct {
	next  http.RoundTripper
	tries int
	wait  waitFunc
}

func (t *retry) RoundTrip(r *http.Request) (*http.Response, error) {
	pause := firstWait
	for try := 1; ; try++ {
		resp, err := t.next.RoundTrip(r)
		if err != nil || !isBusy(resp.StatusCode) {
			return resp, err
		}
		asked := retryAfter(resp.Header, time.Now())
		busy := &busyError{host: r.URL.Host, status: resp.StatusCode, wait: asked}
		busy.said = said(resp.Body)
		if try >= t.tries || asked > maxWait || r.Body != nil && r.GetBody == nil {
			return nil, busy
		}
		if asked < pause { // a pause of nothing is none, whoever asks for it
			asked = pause + rand.N(pause/2) // not all at the same time
			pause *= 2
		}
		if tell, ok := noticeOf(r.Context()); ok {
			tell(asked)
		}
		if err := t.wait(r.Context(), asked); err != nil {
			return nil, errors.Join(err, busy)
		}
		if r.Body != nil {
			again := r.Clone(r.Context())
			if again.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
			r = again
		}
	}
}

// said reads and closes the answer of a busy registry, and gives what that says in words, if all of it comes soon.
func said(body io.ReadCloser) string {
	late := time.AfterFunc(maxSaying, func() { body.Close() }) // ends the read
	defer late.Stop()
	defer body.Close()
	head, _ := io.ReadAll(io.LimitReader(body, 8<<10))
	return message(head)
}

func isBusy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter reads the header Retry-After (RFC 9110, section 10.2.3): seconds, or a date. It is 0 if nothing is said.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// busyError is a registry's last word after all tries.
type busyError struct {
	host, said string
	status     int
	wait       time.Duration // that it asks for
}

func (e *busyError) Error() string {
	said := strconv.Itoa(e.status) + " " + http.StatusText(e.status)
	if e.said != "" {
		said += ": " + e.said
	}
	when := "try again later"
	if e.wait > 0 {
		when = fmt.Sprintf("try again in %s", e.wait.Round(time.Second))
	}
	if e.status == http.StatusTooManyRequests {
		return fmt.Sprintf("toomanyrequests: registry %s limits how much is pulled: log in, or %s: %s", e.host, when, said)
	}
	return fmt.Sprintf("registry %s answered %s: %s", e.host, said, when)
}

func (e *busyError) Unwrap() error {
	if e.status == http.StatusTooManyRequests {
		return errdefs.ErrResourceExhausted
	}
	return errdefs.ErrUnavailable
}
