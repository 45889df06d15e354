package build

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/containerd/errdefs"
)

// uploadGrace bounds how long a build waits for the request that brings its context, and that one for its build. Clients send both at once.
const uploadGrace = 5 * time.Second

// jobs are the builds that clients have named, from the first request that names one until its build ends.
type jobs struct {
	mu    sync.Mutex // guards what follows, and the users of jobs
	named map[string]*job
}

// job is a build that has a name.
type job struct {
	uploads chan *upload
	users   int    // requests that know it
	end     func() // nil until it is a build that goes on
}

// upload is a context on its way.
type upload struct {
	body io.Reader
	read chan struct{} // closed when all that is wanted of it was read
}

// get gives the job of that name to one more request. Who calls leave is through with it.
func (j *jobs) get(name string) (of *job, leave func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.named == nil {
		j.named = map[string]*job{}
	}
	of = j.named[name]
	if of == nil {
		of = &job{uploads: make(chan *upload)}
		j.named[name] = of
	}
	of.users++
	return of, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		if of.users--; of.users == 0 {
			delete(j.named, name)
		}
	}
}

// begin notes a build by its name, so that it can be ended by that; it gives the context that it has then. Errors: Conflict.
func (j *jobs) begin(ctx context.Context, name string) (_ context.Context, of *job, ended func(), err error) {
	of, leave := j.get(name)
	ctx, cancel := context.WithCancelCause(ctx)
	end := func() { cancel(errCancelled) }
	if !j.set(of, end) {
		leave()
		return nil, nil, nil, fmt.Errorf("a build with the ID %q goes on: give another: %w", name, errdefs.ErrConflict)
	}
	return ctx, of, func() {
		j.mu.Lock()
		of.end = nil
		j.mu.Unlock()
		end()
		leave()
	}, nil
}

// set makes a job a build that goes on, if it is none.
func (j *jobs) set(of *job, end func()) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if of.end != nil {
		return false
	}
	of.end = end
	return true
}

// cancel ends the build of that name, if there is one.
func (j *jobs) cancel(name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if of := j.named[name]; of != nil && of.end != nil {
		of.end()
	}
}

// errCancelled says of a build that it was ended by its name.
var errCancelled = fmt.Errorf("the build was cancelled: %w", context.Canceled)

var errNoUpload = fmt.Errorf("the context was to come in another request, and within %v none has brought it: send it with the buildid upload-request:ID: %w", uploadGrace, errdefs.ErrInvalidArgument)

// receive waits for the request that brings the context. Who calls done lets that one go. Errors: InvalidArgument.
func (of *job) receive(ctx context.Context) (body io.Reader, done func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, uploadGrace, errNoUpload)
	defer cancel()
	select {
	case u := <-of.uploads:
		return u.body, func() { close(u.read) }, nil
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
}

// Upload hands a context to the build that waits for it by that name, and returns when it was read. Errors: NotFound, if none waits.
func (b *Builder) Upload(ctx context.Context, name string, body io.Reader) error {
	of, leave := b.jobs.get(name)
	defer leave()
	waiting, cancel := context.WithTimeoutCause(ctx, uploadGrace, fmt.Errorf("no build with the ID %q waits for a context: %w", name, errdefs.ErrNotFound))
	defer cancel()
	u := &upload{body: body, read: make(chan struct{})}
	select {
	case of.uploads <- u:
	case <-waiting.Done():
		return context.Cause(waiting)
	}
	<-u.read // the body is the request's, and ends with it
	return nil
}

// Cancel ends the build that a client has given that name. It is no error if there is none.
func (b *Builder) Cancel(name string) { b.jobs.cancel(name) }
