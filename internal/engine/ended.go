package engine

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/shim"
)

// watch waits until a container has ended and records how.
func (e *Engine) watch(id string, run *run) {
	exit, err := run.client.Wait(e.life, "")
	if e.life.Err() != nil {
		return // the next daemon will see to it
	}
	if err != nil {
		exit = e.afterShim(run.client, run.group, err)
	}
	e.ended(id, run, exit)
}

// afterShim finds how a container ended whose shim is gone: by what it wrote last, or, if it was killed, by ending the
// container, which has nobody any more who reads its output.
func (e *Engine) afterShim(client shimClient, group *cgroup.Group, cause error) shim.Exit {
	if exit, err := shim.LastWords(client.Dir()); err == nil {
		return exit
	}
	e.log.Error("a shim was killed: its container is ended", "shim", client.Dir(), "error", cause)
	e.killGroup(group)
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
	e.leaveHealth(id)
	e.leaveOOM(id)
	e.unpublish(run)
	for _, ep := range run.endpoints {
		e.networks.Detach(ep)
	}
	r, err := e.containers.Get(id)
	if err == nil {
		e.releaseVolumes(r)
	}
	if err == nil && r.Host.AutoRemove {
		e.endAndRemove(r, run, exit)
		return
	}
	e.clearGroup(run)
	r, err = e.recordEnd(id, exit)
	if err != nil {
		e.log.Error("record the end of a container", "container", id, "error", err)
	}
	if r != nil {
		e.publishEnd(r, run)
	}
	e.closeRun(id, run)
	e.forgetShim(run)
	if r != nil {
		e.restartByPolicy(r)
	}
}

// publishEnd tells of the end of a run, and of all that it let go of.
func (e *Engine) publishEnd(r *container.Record, run *run) {
	e.lastOOM(r, run)
	e.publishConnected(r, run.endpoints, events.Disconnect)
	e.publishMounts(r, events.Unmount)
	e.publishDie(r)
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
	if err := run.group.Delete(); err != nil {
		e.endGroup(run.group)
		return
	}
	e.leaveParent(run.group)
}

// endAndRemove removes a container that goes with its end. Who waits for it is told first, and what it had on disk goes
// after that: a daemon that is killed in between finds it there and ends it again.
func (e *Engine) endAndRemove(r *container.Record, run *run, exit shim.Exit) {
	last := r.Clone()
	endState(&last.State, exit)
	e.containers.Forget(last)
	e.publishEnd(last, run)
	e.closeRun(r.ID, run)
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

// recordEnd records how a container ended, and in the same write that it is to be started again: there is no moment in
// which it looks as if nothing more came.
func (e *Engine) recordEnd(id string, exit shim.Exit) (*container.Record, error) {
	return e.containers.Change(id, func(r *container.Record) {
		renew := r.State.Live != nil && r.State.Live.Renew && !r.ManuallyStopped
		endState(&r.State, exit)
		restartIfWanted(r, r.State.FinishedAt.Sub(r.State.StartedAt), renew)
	})
}

func endState(s *container.State, exit shim.Exit) {
	s.Status, s.Pid, s.Live = container.Exited, 0, nil
	s.ExitCode, s.FinishedAt, s.OOMKilled = exit.Code, exit.At.UTC(), exit.OOM
	s.Health = s.Health.End()
}

// restartIfWanted marks a container that has ended as one to be started again if its restart policy says so, or somebody.
// It had run that long.
func restartIfWanted(r *container.Record, ran time.Duration, renew bool) {
	if renew || restarts(r) {
		r.State.Status = container.Restarting
		r.RestartCount++
		r.Backoff = backoff(r.Backoff, ran)
	}
}

// restartByPolicy starts a container again that is marked for it.
func (e *Engine) restartByPolicy(r *container.Record) {
	if r.State.Status != container.Restarting || e.life.Err() != nil {
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
	settled    = 10 * time.Second // the delays of a container that ran so long begin anew
)

// restartLater waits, longer from time to time, and starts the container again unless somebody has touched it.
func (e *Engine) restartLater(r *container.Record) {
	view, err := e.containers.Watch(r.ID)
	if err == nil && e.awaitRestart(view, r) {
		e.restartNow(r)
	}
}

// restartNow starts a container again unless somebody has touched it.
func (e *Engine) restartNow(r *container.Record) {
	now, release, err := e.containers.Claim(e.life, r.ID)
	if err != nil {
		return
	}
	defer release()
	if !waitsAs(now, r) {
		return
	}
	if err := e.start(e.life, now); err != nil && e.life.Err() == nil {
		e.log.Warn("restart", "container", r.ID, "error", err)
		if failed, err := e.containers.Get(r.ID); err == nil {
			e.restartByPolicy(failed)
		}
	}
}

// awaitRestart waits until it is time to start the container again; it gives false if that is not wanted any more.
func (e *Engine) awaitRestart(view *container.Watch, r *container.Record) bool {
	due := time.NewTimer(r.Backoff)
	defer due.Stop()
	for {
		now, changed, removed := view.Look()
		if removed || !waitsAs(now, r) {
			return false // removed, started or stopped meanwhile
		}
		select {
		case <-e.life.Done():
			return false
		case <-changed:
		case <-due.C:
			return true
		}
	}
}

// waitsAs tells whether a container still waits to be started again after the end that r tells of.
func waitsAs(now, r *container.Record) bool {
	return now.State.Status == container.Restarting && now.State.FinishedAt.Equal(r.State.FinishedAt)
}

// backoff is how long a container that has ended, after it ran for a time, waits to be started again: twice as long as before,
// unless it ran for long.
func backoff(before, ran time.Duration) time.Duration {
	if ran >= settled || before == 0 {
		return firstDelay
	}
	return min(2*before, longDelay)
}

// startRestarting starts the containers that their policy wants running after the daemon's start: those that an earlier
// daemon was about to start again, and those that it stopped or that ended without it. When it returns they are recorded as
// such, so that whoever stops one is heard; they are started in the background.
func (e *Engine) startRestarting() {
	var records sync.WaitGroup
	for _, r := range e.containers.List() {
		s := &r.State
		if s.Status == container.Restarting || s.Status == container.Exited && (r.Host.RestartPolicy.Name == "always" || restarts(r)) {
			records.Go(func() { e.startAgain(r.ID) })
		}
	}
	records.Wait()
}

// startAgain records that a container is to be started again, by a policy that counts anew from here on, and starts it.
func (e *Engine) startAgain(id string) {
	waits, err := e.containers.Change(id, func(r *container.Record) {
		r.State.Status, r.ManuallyStopped, r.RestartCount, r.Backoff = container.Restarting, false, 0, 0
	})
	if err != nil {
		e.log.Error("start again after the daemon's start", "container", id, "error", err)
		return
	}
	e.work.Go(func() { e.restartNow(waits) })
}

func containsAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
