package engine

import (
	"errors"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/shim"
)

// watch waits until a container has ended and records how.
func (e *Engine) watch(id string, run *run) {
	exit, err := run.client.Wait(e.life, "")
	if e.life.Err() != nil {
		return // the next daemon will see to it
	}
	if err != nil {
		exit = e.afterShim(run, err)
	}
	e.ended(id, run, exit)
}

// afterShim finds how a container ended whose shim is gone: by what it wrote last, or, if it was killed, by ending the
// container, which has nobody any more who reads its output.
func (e *Engine) afterShim(run *run, cause error) shim.Exit {
	if exit, err := shim.LastWords(run.client.Dir()); err == nil {
		return exit
	}
	e.log.Error("a shim was killed: its container is ended", "shim", run.client.Dir(), "error", cause)
	e.kill(run)
	return shim.Exit{Code: 128 + int(unix.SIGKILL), At: time.Now()}
}

// kill ends all processes of a container.
func (e *Engine) kill(run *run) { e.killGroup(run.group) }

func (e *Engine) killGroup(g *cgroup.Group) {
	if err := g.Kill(); err != nil {
		e.log.Warn("kill a container's processes", "cgroup", g.Path(), "error", err)
	}
}

// ended lets go of what a run had and records how it ended; then the container is removed or started again if it asked
// for that.
func (e *Engine) ended(id string, run *run, exit shim.Exit) {
	e.unpublish(run)
	for _, ep := range run.endpoints {
		e.networks.Detach(ep)
	}
	if r, err := e.containers.Get(id); err == nil && r.Host.AutoRemove {
		e.endAndRemove(r, run, exit)
		return
	}
	e.clearGroup(run)
	r, err := e.recordEnd(id, exit)
	if err != nil {
		e.log.Error("record the end of a container", "container", id, "error", err)
	}
	e.closeRun(id, run)
	e.forgetShim(run)
	if r != nil {
		e.publish(r, "die")
		e.restartByPolicy(r)
	}
}

// closeRun forgets a run, unless a new one has taken its place since its end was recorded, and tells who waits for its end.
func (e *Engine) closeRun(id string, run *run) {
	e.mu.Lock()
	if e.runs[id] == run {
		delete(e.runs, id)
	}
	e.mu.Unlock()
	close(run.exited)
}

// clearGroup removes a run's cgroup. The kernel has ended what was in it with the container's first process, unless the
// container shares another's processes.
func (e *Engine) clearGroup(run *run) {
	if err := run.group.Delete(); err == nil {
		return
	}
	e.endGroup(run.group)
}

// endAndRemove removes a container that goes with its end. Who waits for it is told first, and what it had on disk goes
// after that: a daemon that is killed in between finds it there and ends it again.
func (e *Engine) endAndRemove(r *container.Record, run *run, exit shim.Exit) {
	last := r.Clone()
	endState(&last.State, exit)
	e.containers.Forget(last)
	e.closeRun(r.ID, run)
	e.publish(last, "die")
	e.clearGroup(run)
	if err := e.discard(last, true); err != nil {
		e.log.Error("remove a container that has ended", "container", r.ID, "error", err)
	}
	e.forgetShim(run)
}

// forgetShim removes the shim's folder and gives its ids back. The shim ends by itself once all is told.
func (e *Engine) forgetShim(run *run) { e.maker.Forget(run.client.Dir(), run.idBase) }

func (e *Engine) unpublish(run *run) {
	if len(run.ports) == 0 || len(run.endpoints) == 0 {
		return
	}
	if err := e.networks.Unpublish(run.endpoints[0], run.ports); err != nil {
		e.log.Warn("unpublish ports", "error", err)
	}
}

func (e *Engine) recordEnd(id string, exit shim.Exit) (*container.Record, error) {
	return e.containers.Change(id, func(r *container.Record) { endState(&r.State, exit) })
}

func endState(s *container.State, exit shim.Exit) {
	s.Status, s.Pid, s.Live = container.Exited, 0, nil
	s.ExitCode, s.FinishedAt, s.OOMKilled = exit.Code, exit.At.UTC(), exit.OOM
}

// restartByPolicy starts a container again if its restart policy says so.
func (e *Engine) restartByPolicy(r *container.Record) {
	if !restarts(r) || e.life.Err() != nil {
		return
	}
	e.work.Go(func() { e.restartLater(r) })
}

// restarts tells whether a container that has ended is to be started again.
func restarts(r *container.Record) bool {
	p := r.Host.RestartPolicy
	switch p.Name {
	case "always", "unless-stopped":
		return !r.ManuallyStopped
	case "on-failure":
		return !r.ManuallyStopped && r.State.ExitCode != 0 && (p.MaximumRetryCount == 0 || r.RestartCount < p.MaximumRetryCount)
	}
	return false
}

const (
	firstDelay = 100 * time.Millisecond
	longDelay  = time.Minute
	settled    = 10 * time.Second // a container that ran so long starts again at once
)

// restartLater waits, longer from time to time, and starts the container again unless somebody has touched it.
func (e *Engine) restartLater(r *container.Record) {
	count := r.RestartCount
	if r.State.FinishedAt.Sub(r.State.StartedAt) > settled {
		count = 0
	}
	delay := min(firstDelay<<min(count, 20), longDelay)
	mine := false
	waiting, err := e.containers.Change(r.ID, func(now *container.Record) {
		if mine = now.State.Status == container.Exited && now.State.FinishedAt.Equal(r.State.FinishedAt) && !now.ManuallyStopped; mine {
			now.State.Status = container.Restarting
			now.RestartCount++
		}
	})
	if err != nil || !mine {
		return // removed, started or stopped meanwhile
	}
	view, err := e.containers.Watch(r.ID)
	if err != nil {
		return
	}
	_, changed, _ := view.Look()
	select {
	case <-e.life.Done():
		return
	case <-changed:
	case <-time.After(delay):
	}
	now, release, err := e.containers.Claim(e.life, waiting.ID)
	if err != nil {
		return
	}
	defer release()
	if now.State.Status != container.Restarting || now.ManuallyStopped {
		return
	}
	if err := e.start(e.life, now); err != nil {
		e.log.Warn("restart", "container", r.ID, "error", err)
		if failed, err := e.containers.Change(r.ID, func(r *container.Record) {
			r.State.Status, r.State.FinishedAt = container.Exited, time.Now().UTC()
		}); err == nil {
			e.restartByPolicy(failed)
		}
	}
}

// startRestarting starts the containers that their policy wants running after the daemon's start: those that an earlier
// daemon was about to start again, and those that it stopped or that ended without it.
func (e *Engine) startRestarting() {
	for _, r := range e.containers.List() {
		s := &r.State
		again := s.Status == container.Restarting || s.Status == container.Exited && (r.Host.RestartPolicy.Name == "always" || restarts(r))
		if !again {
			continue
		}
		e.work.Go(func() {
			if err := e.Start(e.life, r.ID); err != nil && !errors.Is(err, ErrAlreadyStarted) {
				e.log.Warn("start again after the daemon's start", "container", r.ID, "error", err)
			}
		})
	}
}

func containsAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
