package engine

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/moby/sys/signal"
	"golang.org/x/sys/unix"

	"tug/internal/container"
	"tug/internal/events"
)

const (
	defaultStop = 10 * time.Second
	killWait    = 10 * time.Second // for a killed process to be gone
)

// Stop sends the container's stop signal, waits, and kills it if it is still there. It returns when its end is recorded, and goes on
// also if the client does not wait for that.
// Errors: NotFound, ErrAlreadyStopped.
func (e *Engine) Stop(ctx context.Context, ref string, o StopOptions) error {
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	if !alive(r) {
		stopped, err := e.stopRestarting(ctx, r)
		if stopped || err != nil {
			return err
		}
		if r, err = e.containers.Get(r.ID); err != nil {
			return err
		}
	}
	run, ok := e.run(r.ID)
	if !ok || !alive(r) {
		return ErrAlreadyStopped
	}
	sig, err := e.stopSignal(r, o.Signal)
	if err != nil {
		return fmt.Errorf("cannot stop container: %s: %w", ref, err)
	}
	if _, err := e.containers.Change(r.ID, stopByHand); err != nil {
		return err
	}
	if err := e.stopRun(e.life, r, run, sig, stopTimeout(r, o.Timeout)); err != nil {
		return err
	}
	e.publish(r, events.Stop)
	return nil
}

// stopRestarting waits for a start under way to come to its end, and keeps a container that waits to be started again from
// that; it gives false if it does not wait, or no more.
func (e *Engine) stopRestarting(ctx context.Context, r *container.Record) (stopped bool, err error) {
	now, release, err := e.containers.Claim(ctx, r.ID)
	if err != nil {
		return false, err
	}
	defer release()
	if now.State.Status != container.Restarting {
		return false, nil
	}
	_, err = e.containers.Change(r.ID, stopByHand)
	return true, err
}

// stopByHand keeps the policy from starting a container again, also one that has just ended and waits for that.
func stopByHand(r *container.Record) {
	r.ManuallyStopped = true
	if r.State.Status == container.Restarting {
		r.State.Status = container.Exited
	}
}

func (e *Engine) stopRun(ctx context.Context, r *container.Record, run *run, sig syscall.Signal, timeout time.Duration) error {
	e.publishKill(r, sig)
	if err := e.signal(ctx, run, sig); err != nil {
		e.log.Debug("stop", "container", r.ID, "error", err) // it may just have ended; else it is killed below
	}
	if err := e.goOn(r, run); err != nil {
		return err
	}
	if timeout >= 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		select {
		case <-run.exited:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		e.publishKill(r, unix.SIGKILL)
		return e.killRun(r, run)
	}
	select {
	case <-run.exited:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal sends a signal to the container's first process, unless its shim hangs.
func (e *Engine) signal(ctx context.Context, run *run, sig syscall.Signal) error {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	return run.client.Signal(ctx, "", sig)
}

// killRun ends a container for certain, and waits until that is recorded.
func (e *Engine) killRun(r *container.Record, run *run) error {
	e.kill(run)
	err := e.signal(e.life, run, unix.SIGKILL) // if it has left its cgroup
	if hangs := errors.Is(err, context.DeadlineExceeded); !hangs && isClosed(run.exited, killWait) {
		return nil
	}
	if pids, err := run.group.Pids(); err == nil && len(pids) == 0 {
		e.log.Error("a shim does not tell of its container's end: it is killed", "container", r.ID, "error", run.client.Kill())
		if isClosed(run.exited, killWait) {
			return nil
		}
	}
	return fmt.Errorf("could not kill container %s: its process %d does not end within %s; it may hang in the kernel (see /proc/%d/stack): %w",
		r.Name, run.pid, killWait, run.pid, errConflict)
}

// isClosed tells whether a channel is closed, or will be within the time.
func isClosed(c <-chan struct{}, within time.Duration) bool {
	select {
	case <-c:
		return true
	case <-time.After(within):
		return false
	}
}

// stopSignal gives the signal that asks the container to end.
func (e *Engine) stopSignal(r *container.Record, asked string) (syscall.Signal, error) {
	name := asked
	if name == "" {
		name = r.Config.StopSignal
	}
	if name == "" {
		return unix.SIGTERM, nil
	}
	return parseSignal(name)
}

func parseSignal(name string) (syscall.Signal, error) {
	sig, err := signal.ParseSignal(name)
	if err != nil {
		return 0, invalid("invalid signal: %s", name)
	}
	if !signal.ValidSignalForPlatform(sig) {
		return 0, invalid("the linux daemon does not support signal %d", sig)
	}
	return sig, nil
}

func stopTimeout(r *container.Record, asked *int) time.Duration {
	seconds := asked
	if seconds == nil {
		seconds = r.Config.StopTimeout
	}
	if seconds == nil {
		return defaultStop
	}
	return time.Duration(*seconds) * time.Second
}

// Kill sends a signal to the container's first process ("": SIGKILL, which it waits for).
// Errors: NotFound, Conflict (not running), InvalidArgument.
func (e *Engine) Kill(ctx context.Context, ref, name string) error {
	if err := e.killWith(ctx, ref, name); err != nil {
		return fmt.Errorf("cannot kill container: %s: %w", ref, err)
	}
	return nil
}

func (e *Engine) killWith(ctx context.Context, ref, name string) error {
	sig := unix.SIGKILL
	if name != "" {
		var err error
		if sig, err = parseSignal(name); err != nil {
			return err
		}
		if !signal.ValidSignalForPlatform(sig) {
			return invalid("the linux daemon does not support signal %d", sig)
		}
	}
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	if !alive(r) && endsFor(r, sig) {
		stopped, err := e.stopRestarting(ctx, r)
		if stopped || err != nil {
			return err
		}
		if r, err = e.containers.Get(r.ID); err != nil {
			return err
		}
	}
	run, ok := e.run(r.ID)
	if !ok || !alive(r) {
		return fmt.Errorf("container %s is not running: %w", r.ID, errConflict)
	}
	if endsFor(r, sig) {
		if _, err := e.containers.Change(r.ID, stopByHand); err != nil {
			return err
		}
	}
	e.publishKill(r, sig)
	if sig == unix.SIGKILL {
		if r.State.Status == container.Paused {
			run.group.Thaw()
		}
		return e.killRun(r, run)
	}
	if err := e.signal(ctx, run, sig); err != nil {
		return err
	}
	if own := r.Config.StopSignal; own == "" || endsFor(r, sig) {
		return e.goOn(r, run) // Docker's rule
	}
	return nil
}

// endsFor tells whether who sends a signal to a container wants it to end.
func endsFor(r *container.Record, sig syscall.Signal) bool {
	own, err := parseSignal(r.Config.StopSignal)
	return sig == unix.SIGKILL || sig == unix.SIGTERM || sig == unix.SIGINT || err == nil && sig == own
}

// Restart stops the container if it runs, and starts it. It does both, whatever becomes of the client.
func (e *Engine) Restart(ctx context.Context, ref string, o StopOptions) error {
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if err := e.Stop(ctx, r.ID, o); err != nil && err != ErrAlreadyStopped {
		return err
	}
	if err := e.Start(ctx, r.ID); err != nil && err != ErrAlreadyStarted {
		return err
	}
	e.publish(r, events.Restart)
	return nil
}
