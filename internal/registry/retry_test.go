package registry

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/errdefs"
)

// patient is a configuration that waits for nothing and notes how long it would have.
func patient(waits *[]time.Duration) Config {
	return Config{wait: func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}}
}

// busy answers so many times with the status, and then as a registry does.
func busy(times, status int, header ...string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if times--; times >= 0 {
			if len(header) == 2 {
				w.Header().Set(header[0], header[1])
			}
			w.WriteHeader(status)
			return
		}
		answer(w, r)
	}))
}

func TestBusyRegistryIsAskedAgainWithGrowingPauses(t *testing.T) {
	for _, status := range []int{429, 500, 502, 503, 504} {
		reg := busy(maxTries-1, status)
		var waits []time.Duration
		if _, err := resolve(t.Context(), patient(&waits), host(t, reg), host(t, reg)+"/x:1", Auth{}); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		if len(waits) != maxTries-1 || !slices.IsSorted(waits) || waits[0] < firstWait {
			t.Errorf("%d: waited %v", status, waits)
		}
		reg.Close()
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	for value, want := range map[string]time.Duration{"7": 7 * time.Second, "0": 0, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat): 0} {
		reg := busy(3, 429, "Retry-After", value)
		var waits []time.Duration
		_, err := resolve(t.Context(), patient(&waits), host(t, reg), host(t, reg)+"/x:1", Auth{})
		if err != nil || len(waits) != 3 || want > 0 && !slices.Equal(waits, slices.Repeat([]time.Duration{want}, 3)) {
			t.Errorf("%q: waited %v, %v", value, waits, err)
		}
		if want == 0 && (waits[0] < firstWait || waits[1] < 2*firstWait || waits[2] < 4*firstWait) { // no registry has itself asked without a pause
			t.Errorf("%q: waited %v", value, waits)
		}
		reg.Close()
	}
}

func TestRegistryThatStaysBusyIsNamed(t *testing.T) {
	for status, is := range map[int]func(error) bool{429: errdefs.IsResourceExhausted, 503: errdefs.IsUnavailable} {
		reg := busy(1000, status)
		var waits []time.Duration
		_, err := resolve(t.Context(), patient(&waits), host(t, reg), host(t, reg)+"/x:1", Auth{})
		said := ExplainPull(err, "x:1", "x")
		if !is(said) || len(waits) != maxTries-1 || !strings.Contains(said.Error(), host(t, reg)) || (status == 429) != strings.HasPrefix(said.Error(), "toomanyrequests: ") {
			t.Errorf("%d: after %v: %v", status, waits, said)
		}
		reg.Close()
	}
}

// TestLongRetryAfterIsReportedAndNotWaitedFor: nobody sits an hour before a pull.
func TestLongRetryAfterIsReportedAndNotWaitedFor(t *testing.T) {
	reg := busy(1000, 429, "Retry-After", "3600")
	defer reg.Close()
	var waits []time.Duration
	_, err := resolve(t.Context(), patient(&waits), host(t, reg), host(t, reg)+"/x:1", Auth{})
	if said := ExplainPull(err, "x:1", "x"); len(waits) > 0 || !strings.Contains(said.Error(), "try again in 1h0m0s") {
		t.Errorf("after %v: %v", waits, said)
	}
}

// held is a body of which nothing comes until it is closed.
type held struct {
	closed chan struct{}
	once   sync.Once
}

func (h *held) Read([]byte) (int, error) { <-h.closed; return 0, io.ErrClosedPipe }
func (h *held) Close() error             { h.once.Do(func() { close(h.closed) }); return nil }

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestBusyRegistryThatNeverSaysWhyHoldsNobody: a status comes, and then nothing.
func TestBusyRegistryThatNeverSaysWhyHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		way := &retry{tries: 3, wait: wait, next: transport(func(*http.Request) (*http.Response, error) {
			tries++
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: &held{closed: make(chan struct{})}}, nil
		})}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://reg.test/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := way.RoundTrip(r); !errdefs.IsUnavailable(err) || tries != 3 {
			t.Errorf("%d tries: %v", tries, err)
		}
	})
}

func TestBusyMirrorIsPassedOver(t *testing.T) {
	for _, status := range []int{429, 503} {
		mirror, second := busy(1000, status), busy(0, 0)
		var waits []time.Duration
		c := patient(&waits)
		c.Mirrors = map[string][]string{"docker.io": {mirror.URL, second.URL}}
		if _, err := resolve(t.Context(), c, "docker.io", "docker.io/library/x:1", Auth{}); err != nil || len(waits) > 0 {
			t.Errorf("waited %v, %v", waits, err)
		}
		mirror.Close()
		second.Close()
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	reg := busy(1000, 503, "Retry-After", "30")
	defer reg.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var told time.Duration
	ctx = WithNotice(ctx, func(d time.Duration) {
		told = d
		cancel()
	})
	if _, err := resolve(ctx, Config{}, host(t, reg), host(t, reg)+"/x:1", Auth{}); err == nil || told != 30*time.Second {
		t.Errorf("told %v, %v", told, err)
	}
}
