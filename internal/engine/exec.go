package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/shim"
)

// execution is a further process in a container. Its state is guarded by the engine's lock.
type execution struct {
	id, container string
	config        ExecConfig
	started       bool
	running       bool
	pid           int
	exitCode      *int
	ended         time.Time
	done          chan struct{} // closed once it has ended
}

// ExecCreate prepares a further process in a running container and gives its ID.
// Errors: NotFound, Conflict (not running, paused), InvalidArgument.
func (e *Engine) ExecCreate(ctx context.Context, ref string, c ExecConfig) (string, error) {
	r, err := e.containers.Get(ref)
	if err != nil {
		return "", err
	}
	switch {
	case r.State.Status == container.Paused:
		return "", pausedBeforeExec(ref)
	case r.State.Status == container.Restarting:
		return "", fmt.Errorf("Container %s is restarting, wait until the container is running: %w", r.ID, errConflict) //nolint:staticcheck // Docker's words
	case !alive(r):
		return "", fmt.Errorf("container %s is not running: %w", r.ID, errConflict)
	case len(c.Cmd) == 0:
		return "", invalid("No exec command specified")
	}
	if _, err := detachKeys(c.DetachKeys); err != nil {
		return "", err
	}
	if c.User != "" {
		if _, err := e.execUser(ctx, r, c.User); err != nil {
			return "", err
		}
	}
	x := &execution{id: container.NewID(), container: r.ID, config: c, done: make(chan struct{})}
	e.addExec(x)
	e.publishExec(r, events.ExecCreate, x)
	return x.id, nil
}

// ExecStart starts the process and returns when it runs; the session is nil for a detached one.
// Errors: NotFound, Conflict (started already, the container does not run or is paused), *StartError.
func (e *Engine) ExecStart(ctx context.Context, id string, o ExecStartOptions) (_ *Attached, err error) {
	x, run, r, err := e.claimExec(id)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.endExec(x, exitCodeOf(err))
		}
	}()
	size := cmp.Or(o.ConsoleSize, x.config.ConsoleSize, &[2]uint{})
	request := &shim.Exec{ID: x.id, Process: shim.Streams{
		Terminal: x.config.Tty, Height: int(size[0]), Width: int(size[1]), Stdin: x.config.AttachStdin, StdinOnce: true,
	}}
	request.Plan, request.JSON, err = e.execPlan(ctx, r, run, &x.config, size)
	switch {
	case err != nil && hasEnded(run):
		return nil, endedBeforeExec(r.ID)
	case err != nil:
		return nil, &StartError{err}
	}
	if request.Note, err = json.Marshal(x.config); err != nil {
		return nil, err
	}
	attached, err := e.execAttach(x, run, o.Detach)
	if err != nil {
		return nil, err
	}
	e.publishExec(r, events.ExecStart, x)
	// It is started even if who asked for it goes meanwhile.
	proc, running, err := run.client.Exec(e.life, request)
	if err != nil {
		if attached != nil {
			attached.Leave()
		}
		if hasEnded(run) || isShimGone(e.life, err) {
			return nil, endedBeforeExec(r.ID)
		}
		return nil, e.execStartError(ctx, err, r, &x.config)
	}
	e.mu.Lock()
	x.running, x.pid = true, proc.Pid
	e.mu.Unlock()
	e.work.Go(func() { e.watchExec(x, running.Wait) })
	return attached, nil
}

// claimExec takes an exec that is to be started, so that nobody else starts it, and gives the run and the record of its
// container. One that is refused can be started later.
func (e *Engine) claimExec(id string) (*execution, *run, *container.Record, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, ok := e.execs[id]
	if !ok {
		return nil, nil, nil, noExec(id)
	}
	r, err := e.containers.Get(x.container)
	if err != nil {
		return nil, nil, nil, err
	}
	run := e.runs[x.container]
	switch {
	case run == nil:
		return nil, nil, nil, fmt.Errorf("container %s is not running: %w", x.container, errConflict)
	case x.started:
		return nil, nil, nil, fmt.Errorf("exec command %s is already running or has ended: %w", id, errConflict)
	case r.State.Status == container.Paused: // a process that is frozen at its birth would never tell that it runs
		return nil, nil, nil, pausedBeforeExec(x.container)
	}
	x.started = true
	return x, run, r, nil
}

func pausedBeforeExec(id string) error {
	return fmt.Errorf("Container %s is paused, unpause the container before exec: %w", id, errConflict) //nolint:staticcheck // Docker's words
}

// hasEnded tells whether the container's first process has ended, which may not be recorded yet. The kernel may still have
// its number, but not its namespaces.
func hasEnded(run *run) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d/ns/mnt", run.pid))
	return err != nil
}

// isShimGone tells whether a request failed because the shim did not answer: its container ends with it.
func isShimGone(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.As(err, new(*shim.Failure))
}

func endedBeforeExec(id string) error {
	return fmt.Errorf("container %s is not running: it ended before the command was started: %w", id, errConflict)
}

// execAttach attaches to the process before it is started, so that none of its output is lost.
func (e *Engine) execAttach(x *execution, run *run, detach bool) (*Attached, error) {
	if detach {
		return nil, nil
	}
	c := &x.config
	keys, err := detachKeys(c.DetachKeys)
	if err != nil {
		return nil, err
	}
	a := &Attached{
		TTY: c.Tty, keys: keys, engine: e, id: x.container, stream: true, conn: make(chan *net.UnixConn, 1), ended: x.done,
		want: shim.Attach{ID: x.id, Stdin: c.AttachStdin, Stdout: c.AttachStdout, Stderr: c.AttachStderr},
	}
	return a, a.connect(run.client)
}

func (e *Engine) execStartError(ctx context.Context, err error, r *container.Record, c *ExecConfig) error {
	f := new(shim.Failure)
	if !errors.As(err, &f) {
		return err
	}
	const prefix = "OCI runtime exec failed: "
	if isHanded(r) {
		return runtimeError(prefix, r.Host.Runtime, err)
	}
	return &StartError{e.execError(ctx, prefix+"exec failed: unable to start container process: ", f, r, cmp.Or(c.WorkingDir, r.Config.WorkingDir), c.Cmd[0])}
}

// watchExec waits for the end of an exec and records it, unless it goes on after this daemon.
func (e *Engine) watchExec(x *execution, wait func(context.Context) (shim.Exit, error)) {
	exit, err := wait(e.life)
	switch {
	case e.life.Err() != nil:
		close(x.done)
		return
	case err != nil:
		exit.Code = 137 // its container, or the shim, was killed
	}
	e.endExec(x, exit.Code)
}

// endExec records the end of an exec and, if it ran, tells of it before whoever waits for it.
func (e *Engine) endExec(x *execution, code int) {
	e.mu.Lock()
	ran := x.running
	x.started, x.running, x.pid, x.exitCode, x.ended = true, false, 0, &code, time.Now()
	e.keepEnded(x)
	e.mu.Unlock()
	if r, err := e.containers.Get(x.container); err == nil && ran {
		e.publish(r, events.ExecDie, "execID", x.id, "exitCode", strconv.Itoa(code))
	}
	close(x.done)
}

// ExecInspect tells how an exec fares. Errors: NotFound.
func (e *Engine) ExecInspect(_ context.Context, id string) (ExecState, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, ok := e.execs[id]
	if !ok {
		return ExecState{}, noExec(id)
	}
	return ExecState{ID: x.id, ContainerID: x.container, Running: x.running, ExitCode: x.exitCode, Pid: x.pid, Config: x.config, CanRemove: x.exitCode != nil}, nil
}

// ExecResize sets the size of an exec's terminal. Errors: NotFound, Conflict.
func (e *Engine) ExecResize(ctx context.Context, id string, height, width uint16) error {
	e.mu.Lock()
	x, ok := e.execs[id]
	var run *run
	if ok && x.running {
		run = e.runs[x.container]
	}
	e.mu.Unlock()
	switch {
	case !ok:
		return noExec(id)
	case run == nil:
		return fmt.Errorf("exec %s is not running: %w", id, errConflict)
	}
	return run.client.Resize(ctx, x.id, int(height), int(width))
}

func noExec(id string) error {
	return fmt.Errorf("No such exec instance: %s: %w", id, errdefs.ErrNotFound) //nolint:staticcheck // Docker's words
}
