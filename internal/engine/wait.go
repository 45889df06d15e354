package engine

import (
	"context"

	"tug/internal/container"
)

// Wait tells, on the channel that it gives, how a container ends: at once if it does not run (WaitNotRunning), at its
// next end, or when it is removed. What happens after Wait has returned is not missed. Errors: NotFound, InvalidArgument.
func (e *Engine) Wait(ctx context.Context, ref string, cond WaitCondition) (<-chan WaitResult, error) {
	view, err := e.containers.Watch(ref)
	if err != nil {
		return nil, err
	}
	if cond == "" {
		cond = WaitNotRunning
	}
	if cond != WaitNotRunning && cond != WaitNextExit && cond != WaitRemoved {
		return nil, invalid("invalid condition: %q", cond)
	}
	results := make(chan WaitResult, 1)
	first, changed, removed := view.Look()
	e.work.Go(func() {
		r, started := first, alive(first)
		for {
			done := removed || cond == WaitNotRunning && stopped(first, r) || cond == WaitNextExit && ended(first, r, started)
			if done {
				results <- WaitResult{ExitCode: r.State.ExitCode}
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				results <- WaitResult{Err: ctx.Err()}
				return
			case <-e.life.Done():
				results <- WaitResult{Err: context.Canceled}
				return
			}
			r, changed, removed = view.Look()
			started = started || alive(r)
		}
	})
	return results, nil
}

// stopped tells whether a container does not run, or has not run for a moment since it was first looked at: one that its
// policy has started again has ended too.
func stopped(first, now *container.Record) bool {
	return !alive(now) && now.State.Status != container.Restarting || !now.State.FinishedAt.Equal(first.State.FinishedAt)
}

// ended tells whether a container has ended since it was first looked at.
func ended(first, now *container.Record, started bool) bool {
	return started && !alive(now) || !now.State.FinishedAt.Equal(first.State.FinishedAt)
}
