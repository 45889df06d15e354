package engine

import (
	"context"
	"runtime"
	"sync"
	"time"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/schedule"
)

// health tests the health of containers: it has them on a schedule, and a goroutine only for a check that runs.
type health struct {
	due    *schedule.Schedule
	starts chan struct{} // holds a token for each check that may be started at the same time

	mu      sync.Mutex // guards running
	running map[string]context.CancelFunc
}

func newHealth() *health {
	return &health{due: schedule.New(), starts: make(chan struct{}, 2*runtime.NumCPU()), running: map[string]context.CancelFunc{}}
}

// begin notes that a container's check runs; not ok if one does already.
func (h *health) begin(id string, cancel context.CancelFunc) (ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running[id] != nil {
		return false
	}
	h.running[id] = cancel
	return true
}

func (h *health) end(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.running, id)
}

// cancel ends a container's check that runs.
func (h *health) cancel(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if cancel := h.running[id]; cancel != nil {
		cancel()
	}
}

// beginHealth is the health of a container that is started now; nil if it is not tested.
func beginHealth(r *container.Record) *container.Health {
	if r.Config.Healthcheck.Command(r.Config.Shell) == nil {
		return nil
	}
	return r.State.Health.Begin()
}

// testHealth puts a running container on the schedule, if its health is tested. Its latest check, maybe by an earlier
// daemon, counts.
func (e *Engine) testHealth(r *container.Record) {
	h := r.State.Health
	if h == nil || r.State.Status != container.Running {
		return
	}
	last := r.State.StartedAt
	if n := len(h.Log); n > 0 && h.Log[n-1].End.After(last) {
		last = h.Log[n-1].End
	}
	e.health.due.Put(r.ID, last.Add(r.Config.Healthcheck.Wait(h.Status, time.Since(r.State.StartedAt))))
}

// resumeHealth goes on testing the health of a container where an earlier daemon has left it, which may have died in the middle
// of what it did to one that is unhealthy.
func (e *Engine) resumeHealth(r *container.Record, run *run) {
	e.testHealth(r)
	if h := r.State.Health; h != nil && h.Status == container.HealthUnhealthy {
		e.actOnHealth(r, run)
	}
}

// leaveHealth stops testing the health of a container, which has ended or is paused.
func (e *Engine) leaveHealth(id string) {
	e.health.due.Drop(id)
	e.health.cancel(id)
}

// checkHealth tests the health of a container once, in the background, and puts it on the schedule again.
func (e *Engine) checkHealth(id string) {
	r, err := e.containers.Get(id)
	run, runs := e.run(id)
	if err != nil || !runs || r.State.Status != container.Running || r.State.Health == nil {
		return
	}
	ctx, cancel := context.WithCancel(e.life)
	if !e.health.begin(id, cancel) {
		cancel()
		return
	}
	e.work.Go(func() {
		result := e.probe(ctx, r, run)
		cancelled := ctx.Err() != nil
		cancel()
		e.health.end(id)
		if !cancelled {
			e.recordHealth(id, run, result)
		} else if now, err := e.containers.Get(id); err == nil {
			e.testHealth(now) // it may run again by now, and a check that came due meanwhile has found this one running
		}
	})
}

// recordHealth records the result of a check. The status is durable; of results that change nothing of it, of which there
// may be hundreds a second, the latest may be lost with a boot.
func (e *Engine) recordHealth(id string, run *run, result container.HealthResult) {
	now, ok := e.run(id)
	r, err := e.containers.Get(id)
	if err != nil || !ok || now != run || r.State.Status != container.Running || r.State.Health == nil {
		return // it has ended, or is another run by now
	}
	was := r.State.Health.Status
	next := r.State.Health.Next(r.Config.Healthcheck, r.State.StartedAt, result)
	write := e.containers.AmendHealth
	if next.Status != was {
		write = e.containers.Change
	}
	changed, err := write(id, func(r *container.Record) {
		if r.State.Live != nil && r.State.StartedAt.Equal(run.started) {
			r.State.Health = next
		}
	})
	if err != nil {
		e.log.Warn("record a container's health", "container", id, "error", err)
		e.testHealth(r)
		return
	}
	if changed.State.Health != next {
		return
	}
	if next.Status != was {
		e.publish(changed, events.HealthStatus+": "+next.Status)
		if next.Status == container.HealthUnhealthy {
			e.actOnHealth(changed, run)
		}
	}
	e.testHealth(changed)
}
