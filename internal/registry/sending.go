package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/containerd/errdefs"
)

// errTakesNothing is why a request was ended whose body nobody took.
var errTakesNothing = fmt.Errorf("try again later: %w", errdefs.ErrUnavailable)

// sending is a http.RoundTripper that ends a request when nothing of its body is taken for some time: a registry that never reads would hold an upload
// for ever.
type sending struct {
	next  http.RoundTripper
	stall time.Duration
}

func (s *sending) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return s.next.RoundTrip(r)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	stalled := fmt.Errorf("registry %s took nothing of what is sent to it for %s: %w", r.URL.Host, s.stall, errTakesNothing)
	w := &watch{stall: s.stall, timer: time.AfterFunc(s.stall, func() { cancel(stalled) })}
	watched := r.WithContext(ctx)
	watched.Body = &watchedBody{r.Body, w}
	if r.GetBody != nil {
		watched.GetBody = func() (io.ReadCloser, error) {
			body, err := r.GetBody()
			return &watchedBody{body, w}, err
		}
	}
	resp, err := s.next.RoundTrip(watched)
	w.end()
	if ctx.Err() != nil && context.Cause(ctx) == stalled {
		if err == nil {
			resp.Body.Close()
		}
		return nil, stalled
	}
	if err != nil {
		cancel(nil)
		return nil, err
	}
	resp.Body = &lastBody{resp.Body, cancel} // the rest of what is sent may still be on its way
	return resp, nil
}

// watch ends a request some time after its body was read last.
type watch struct {
	stall time.Duration

	mu    sync.Mutex // guards all below
	timer *time.Timer
	ended bool
}

// read is called when more of the body is wanted, or it has come to its end: then the answer has its time too.
func (w *watch) read(toEnd bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ended:
	case toEnd:
		w.timer.Reset(w.stall + answerTimeout)
	default:
		w.timer.Reset(w.stall)
	}
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.timer.Stop()
}

// watchedBody is the body of a request that is watched.
type watchedBody struct {
	io.ReadCloser
	watch *watch
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.watch.read(false)
	n, err := b.ReadCloser.Read(p)
	b.watch.read(err != nil)
	return n, err
}

// lastBody is an answer's, which ends the request when it is closed.
type lastBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *lastBody) Close() error {
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}
