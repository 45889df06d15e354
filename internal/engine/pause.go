package engine

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/events"
)

// Pause freezes all processes of the container. Errors: NotFound, Conflict.
func (e *Engine) Pause(ctx context.Context, ref string) error {
	return e.freeze(ctx, ref, container.Running, container.Paused, events.Pause)
}

// Unpause thaws them. Errors: NotFound, Conflict.
func (e *Engine) Unpause(ctx context.Context, ref string) error {
	return e.freeze(ctx, ref, container.Paused, container.Running, events.Unpause)
}

func (e *Engine) freeze(ctx context.Context, ref string, from, to container.Status, event string) error {
	r, release, err := e.containers.Claim(ctx, ref)
	if err != nil {
		return err
	}
	defer release()
	run, ok := e.run(r.ID)
	switch {
	case r.State.Status == container.Restarting:
		return fmt.Errorf("Container %s is restarting, wait until the container is running: %w", r.ID, errConflict) //nolint:staticcheck // Docker's words
	case (!ok || !alive(r)) && to == container.Running:
		return fmt.Errorf("Container %s is not paused: %w", r.ID, errConflict) //nolint:staticcheck // Docker's words
	case !ok || !alive(r):
		return fmt.Errorf("container %s is not running: %w", r.ID, errConflict)
	case r.State.Status != from && to == container.Paused:
		return fmt.Errorf("container %s is already paused: %w", r.ID, errConflict)
	case r.State.Status != from:
		return fmt.Errorf("Container %s is not paused: %w", r.ID, errConflict) //nolint:staticcheck // Docker's words
	}
	act := run.group.Freeze
	if to == container.Running {
		act = run.group.Thaw
	}
	if err := act(); err != nil {
		return err
	}
	changed, err := e.containers.Change(r.ID, func(r *container.Record) {
		if r.State.Status == from {
			r.State.Status = to
		}
	})
	if err != nil {
		return err
	}
	e.publish(changed, event)
	if to == container.Paused {
		e.leaveHealth(r.ID)
	} else {
		e.testHealth(changed)
	}
	return nil
}

// goOn lets a paused container go on that was told to end, which it could not do while it stands still.
func (e *Engine) goOn(r *container.Record, run *run) error {
	if r.State.Status != container.Paused {
		return nil
	}
	if err := run.group.Thaw(); err != nil && !errdefs.IsNotFound(err) { // it may have ended by now
		return err
	}
	thawed := false
	changed, err := e.containers.Change(r.ID, func(r *container.Record) {
		if thawed = r.State.Status == container.Paused; thawed {
			r.State.Status = container.Running
		}
	})
	switch {
	case errdefs.IsNotFound(err):
		return nil // it went with its end
	case err != nil:
		return err
	case thawed:
		e.publish(changed, events.Unpause)
		e.testHealth(changed)
	}
	return nil
}
