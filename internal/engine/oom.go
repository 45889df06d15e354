package engine

import (
	"sync"

	"tug/internal/container"
	"tug/internal/events"
)

// oomNews is what is told of a run's processes that the kernel killed for want of memory.
type oomNews struct {
	mu   sync.Mutex // held while it is told, so that nothing is told after the end
	told bool
	over bool
}

// openOOMWatch begins to watch for want of memory.
func (e *Engine) openOOMWatch() {
	ooms, err := e.cgroups.WatchOOM()
	if err != nil {
		e.log.Warn("want of memory is told only with a container's end", "error", err)
		return
	}
	e.ooms = ooms
	e.work.Go(func() {
		if err := ooms.Run(e.life, e.outOfMemory); err != nil {
			e.log.Error("want of memory is told no more", "error", err)
		}
	})
}

// watchOOM watches a run for want of memory. A record that knows of none is told what was missed while no daemon looked.
func (e *Engine) watchOOM(r *container.Record, run *run) {
	if e.ooms == nil {
		return
	}
	known := uint64(0)
	if r.State.OOMKilled {
		known, _ = run.group.OOMKills() // if it cannot be read, it is told again
	}
	more, err := e.ooms.Add(r.ID, run.group, known)
	if err != nil {
		e.log.Debug("watch for want of memory", "container", r.ID, "error", err) // it may have ended; its end tells too
	}
	if more {
		e.outOfMemory(r.ID)
	}
}

// outOfMemory records and tells that processes of a container were killed for want of memory.
func (e *Engine) outOfMemory(id string) {
	run, ok := e.run(id)
	if !ok {
		return
	}
	run.oom.mu.Lock()
	defer run.oom.mu.Unlock()
	if run.oom.over {
		return
	}
	live := false
	changed, err := e.containers.Change(id, func(r *container.Record) {
		if live = r.State.Live != nil; live {
			r.State.OOMKilled = true
		}
	})
	switch {
	case err != nil:
		e.log.Warn("record a want of memory", "container", id, "error", err)
	case live:
		run.oom.told = true
		e.publish(changed, events.OOM)
	}
}

// leaveOOM watches a run no longer.
func (e *Engine) leaveOOM(id string) {
	if e.ooms != nil {
		e.ooms.Remove(id)
	}
}

// lastOOM tells, before a run's end, that it was for want of memory, if that is not told yet.
func (e *Engine) lastOOM(r *container.Record, run *run) {
	run.oom.mu.Lock()
	defer run.oom.mu.Unlock()
	run.oom.over = true
	if r.State.OOMKilled && !run.oom.told {
		e.publish(r, events.OOM)
	}
}
