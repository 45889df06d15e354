package engine

import (
	"context"
	"fmt"
	"time"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/fault"
	"tug/internal/idmap"
)

// Start brings a created or stopped container to life and returns when its process runs.
// Errors: NotFound, ErrAlreadyStarted, Conflict (paused, or being removed), and what the runtime says of the step that
// failed (*StartError).
func (e *Engine) Start(ctx context.Context, ref string) error {
	r, release, err := e.containers.Claim(ctx, ref)
	if err != nil {
		return err
	}
	defer release()
	return e.startClaimed(ctx, r)
}

// startClaimed is Start of a container that the caller has claimed.
func (e *Engine) startClaimed(ctx context.Context, r *container.Record) (err error) {
	switch r.State.Status {
	case container.Running:
		return ErrAlreadyStarted
	case container.Paused:
		return fmt.Errorf("cannot start a paused container, try unpause instead: %w", errConflict)
	case container.Removing, container.Dead:
		return fmt.Errorf("container is marked for removal and cannot be started: %w", errConflict)
	}
	if r, err = e.takeOver(r); err != nil {
		return err
	}
	return e.start(ctx, r)
}

// takeOver takes a container from its restart policy, which counts anew from here on.
func (e *Engine) takeOver(r *container.Record) (*container.Record, error) {
	if r.RestartCount == 0 && r.Backoff == 0 && r.State.Status != container.Restarting {
		return r, nil
	}
	return e.containers.Change(r.ID, func(r *container.Record) {
		r.RestartCount, r.Backoff = 0, 0
		if r.State.Status == container.Restarting {
			r.State.Status = container.Exited
		}
	})
}

// start starts a container that the caller has claimed. How it went is in the record afterwards.
func (e *Engine) start(ctx context.Context, r *container.Record) error {
	leave, err := e.enter()
	if err != nil {
		return err
	}
	defer leave()
	// A start that has begun is finished or undone, whatever becomes of the client.
	ctx = context.WithoutCancel(ctx)
	defer e.slots.wake()
	run, live, err := e.launch(ctx, r)
	if err != nil {
		return e.startFailed(r, err)
	}
	e.shareIDs(r, run, live)
	e.begun(r.ID, run)
	changed, err := e.containers.Change(r.ID, func(r *container.Record) {
		r.State = container.State{Status: container.Running, Pid: run.pid, StartedAt: run.started.UTC(), FinishedAt: r.State.FinishedAt, Live: live, Health: beginHealth(r)}
		r.ManuallyStopped = false
	})
	if err != nil {
		// The container runs, but nobody would know it after a crash: it must not.
		e.kill(run)
		e.work.Go(func() { e.watch(r.ID, run) }) // which lets go of all that it had
		return err
	}
	for _, w := range run.warnings {
		e.log.Warn("start", "container", r.ID, "warning", w)
	}
	e.publishConnected(changed, run.endpoints, events.Connect)
	e.publishMounts(changed, events.Mount)
	e.publish(changed, events.Start)
	e.tellLinked(changed)
	e.testHealth(changed)
	e.watchOOM(changed, run)
	e.work.Go(func() { e.watch(changed.ID, run) }) // which may tell of its end at once
	return nil
}

// shareIDs keeps the ids of a user namespace that a container has joined from being given out before it too has ended.
func (e *Engine) shareIDs(r *container.Record, run *run, live *container.Live) {
	if _, joins := e.joinsUser(&r.Host); !joins || run.idBase != 0 {
		return
	}
	base, err := idmap.BaseOf(run.pid)
	if err != nil || base == 0 {
		return // it has ended already, or is the host's
	}
	e.ids.Share(base)
	run.idBase, live.IDBase = base, base
}

// startFailed records that a container could not be started. One that was to be removed at its end is removed.
func (e *Engine) startFailed(r *container.Record, cause error) error {
	e.dropWaiting(r.ID)
	changed, err := e.containers.Change(r.ID, func(r *container.Record) {
		r.State.Error, r.State.ExitCode = fault.Words(cause), exitCodeOf(cause)
		byPolicy := r.State.Status == container.Restarting
		if r.State.Status != container.Created {
			r.State.Status, r.State.FinishedAt = container.Exited, time.Now().UTC()
		}
		if byPolicy {
			restartIfWanted(r, 0, false)
		}
	})
	if err == nil && changed.Host.AutoRemove {
		err = e.discard(changed, true)
	}
	if err != nil {
		e.log.Error("record a failed start", "container", r.ID, "error", err)
	}
	return cause
}

// exitCodeOf is the exit code of a container whose start failed: 127 if there is no such program, 126 if it cannot be
// executed, else 128.
func exitCodeOf(err error) int {
	text := err.Error()
	switch {
	case containsAny(text, "executable file not found", "no such file or directory"):
		return 127
	case containsAny(text, "permission denied", "is a directory", "exec format error"):
		return 126
	}
	return 128
}
