package engine

import (
	"context"
	"errors"

	"tug/internal/container"
	"tug/internal/fault"
)

// checkHealthcheck finds settings of a health check that cannot work. Errors: InvalidArgument.
func checkHealthcheck(r *container.Record) error {
	if err := r.Config.Healthcheck.Validate(); err != nil {
		return err
	}
	if err := r.Config.Healthcheck.CheckTest(); err != nil { // the image's
		r.Warnings = append(r.Warnings, "The image's health check is not made, and the container has no health: "+fault.Words(err)+".")
	}
	action, err := r.Host.HealthAction()
	switch {
	case err != nil:
		return err
	case action == container.ActNone:
		return nil
	case r.Config.Healthcheck.Command(r.Config.Shell) == nil:
		return invalid("health action %q: the container has no health check, so it never becomes unhealthy; give one with --health-cmd", action)
	case action == container.ActRestart && r.Host.AutoRemove:
		return invalid("health action %q conflicts with --rm: a container that is removed at its end is not started again", action)
	}
	return nil
}

// actOnHealth does to a container that has become unhealthy what it asks for.
func (e *Engine) actOnHealth(r *container.Record, run *run) {
	action, err := r.Host.HealthAction()
	if err != nil || action == container.ActNone {
		return
	}
	e.log.Info("a container has become unhealthy", "container", r.ID, "name", r.Name, "action", action)
	e.work.Go(func() {
		var err error
		if action == container.ActStop {
			err = e.Stop(e.life, r.ID, StopOptions{})
		} else {
			err = e.renew(e.life, r, run)
		}
		if err != nil && !errors.Is(err, ErrAlreadyStopped) && e.life.Err() == nil {
			e.log.Error("act on a container's health", "container", r.ID, "action", action, "error", err)
		}
	})
}

// renew ends a run, after which the container starts again as by a restart policy: with its delays, and unless somebody
// stops it meanwhile.
func (e *Engine) renew(ctx context.Context, r *container.Record, run *run) error {
	sig, err := e.stopSignal(r, "")
	if err != nil {
		return err
	}
	if _, err := e.containers.Change(r.ID, func(r *container.Record) {
		if r.State.Live != nil && r.State.StartedAt.Equal(run.started) {
			r.State.Live.Renew = true
		}
	}); err != nil {
		return err
	}
	return e.stopRun(ctx, r, run, sig, stopTimeout(r, nil))
}
