package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/container"
	"tug/internal/fault"
	"tug/internal/frame"
)

// startPatience is how long the start of a health check may take, which does not count as its own time.
const startPatience = 30 * time.Second

// probe runs a container's health check once. If ctx ends before, the check is killed and the result means nothing.
func (e *Engine) probe(ctx context.Context, r *container.Record, run *run) container.HealthResult {
	select {
	case e.health.starts <- struct{}{}:
	case <-ctx.Done():
		return container.HealthResult{}
	}
	begun := sync.OnceFunc(func() { <-e.health.starts })
	defer begun()
	result := container.HealthResult{Start: time.Now()}
	output := &excerpt{limit: maxProbeOutput}
	x, told, err := e.startProbe(ctx, r, output)
	begun()
	if err == nil {
		defer e.dropExec(x.id)
		err = e.awaitProbe(ctx, run, x, told, r.Config.Healthcheck.Limit())
	}
	result.End = time.Now()
	switch {
	case err == errProbeTimeout:
		result.ExitCode, result.Output = -1, fmt.Sprintf("Health check exceeded timeout (%v)", r.Config.Healthcheck.Limit())
		if out := output.String(); out != "" {
			result.Output += ": " + out
		}
	case err != nil:
		result.ExitCode, result.Output = -1, fault.Words(err)
	default:
		result.ExitCode, result.Output = e.exitCodeOfExec(x), output.String()
	}
	return result
}

// startProbe starts the check as a further process in the container, whose output goes to w; told is closed once that is
// whole and the process has ended.
func (e *Engine) startProbe(ctx context.Context, r *container.Record, w io.Writer) (x *execution, told <-chan struct{}, err error) {
	starting, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	id, err := e.ExecCreate(starting, r.ID, ExecConfig{
		Cmd: r.Config.Healthcheck.Command(r.Config.Shell), AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return nil, nil, err
	}
	e.mu.Lock()
	x, ok := e.execs[id]
	e.mu.Unlock()
	if !ok { // a thousand others came between
		return nil, nil, noExec(id)
	}
	attached, err := e.ExecStart(starting, id, ExecStartOptions{})
	if err != nil {
		e.dropExec(id)
		if starting.Err() == context.DeadlineExceeded {
			err = fmt.Errorf("timed out starting health check for container %s", r.ID)
		}
		return nil, nil, err
	}
	served := make(chan struct{})
	e.work.Go(func() {
		defer close(served)
		_ = attached.Serve(e.life, sinkStream{&frame.Contents{To: w}}) // what it fails with, the exit code tells too
	})
	return x, served, nil
}

var errProbeTimeout = errors.New("the health check took too long")

// awaitProbe waits until the check has ended, and kills it when its time is over, or ctx.
func (e *Engine) awaitProbe(ctx context.Context, run *run, x *execution, told <-chan struct{}, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var err error
	select {
	case <-told:
		return e.life.Err()
	case <-timer.C:
		err = errProbeTimeout
	case <-ctx.Done():
		err = ctx.Err()
	}
	killing, cancel := context.WithTimeout(e.life, helloTimeout)
	defer cancel()
	_ = run.client.Signal(killing, x.id, unix.SIGKILL) // it may just have ended, as all of the container may
	if err == errProbeTimeout {
		isClosed(told, killWait) // so that checks that do not die pile up slowly at most
	}
	return err
}

func (e *Engine) exitCodeOfExec(x *execution) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x.exitCode == nil {
		return -1
	}
	return *x.exitCode
}

// maxProbeOutput is how many bytes of a check's output are kept.
const maxProbeOutput = 4096

// excerpt keeps the beginning of what is written to it.
type excerpt struct {
	limit int

	mu  sync.Mutex // guards what follows
	buf bytes.Buffer
	cut bool
}

func (x *excerpt) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	keep := min(len(p), x.limit-x.buf.Len())
	x.buf.Write(p[:keep])
	x.cut = x.cut || keep < len(p)
	return len(p), nil
}

// String is what was kept, with "..." after it if that is not all.
func (x *excerpt) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cut {
		return x.buf.String() + "..."
	}
	return x.buf.String()
}

// sinkStream is a client that sends nothing and takes what it is given.
type sinkStream struct{ io.Writer }

func (sinkStream) Read([]byte) (int, error) { return 0, io.EOF }
func (sinkStream) Close() error             { return nil }
func (sinkStream) CloseWrite() error        { return nil }
