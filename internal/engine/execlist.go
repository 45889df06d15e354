package engine

import (
	"maps"
	"slices"
	"time"
)

// What is kept of execs that do not run is bounded, in time and in number: who makes a million of them is to cost no more.
const (
	keepExecs = 5 * time.Minute // for which an ended one can still be inspected
	mostExecs = 1000            // of those that have ended, and of those that nobody has started yet
)

// idleExecs are the execs that do not run, the oldest first; some of those that wait may be started by now. The engine's lock
// guards them.
type idleExecs struct{ waiting, ended []*execution }

// addExec makes an exec known. Of too many that nobody starts the oldest is forgotten.
func (e *Engine) addExec(x *execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.execs[x.id] = x
	if x.started {
		return
	}
	e.idle.waiting = append(e.idle.waiting, x)
	if len(e.idle.waiting) <= mostExecs {
		return
	}
	e.idle.waiting = slices.DeleteFunc(e.idle.waiting, func(x *execution) bool { return x.started || e.execs[x.id] != x })
	for len(e.idle.waiting) > mostExecs {
		delete(e.execs, e.idle.waiting[0].id)
		e.idle.waiting = slices.Delete(e.idle.waiting, 0, 1)
	}
}

// keepEnded keeps an exec that has ended for a while, unless it was forgotten, and forgets those that have ended before. The
// lock is held.
func (e *Engine) keepEnded(x *execution) {
	if e.execs[x.id] != x {
		return
	}
	e.idle.ended = append(e.idle.ended, x)
	old := 0
	for ; old < len(e.idle.ended); old++ {
		if len(e.idle.ended)-old <= mostExecs && x.ended.Sub(e.idle.ended[old].ended) <= keepExecs {
			break
		}
		delete(e.execs, e.idle.ended[old].id)
	}
	e.idle.ended = slices.Delete(e.idle.ended, 0, old)
}

// forgetExecs forgets the execs of a container that is removed.
func (e *Engine) forgetExecs(id string) {
	e.forgetThose(func(x *execution) bool { return x.container == id })
}

// dropExec forgets an exec that nobody knows of any more.
func (e *Engine) dropExec(id string) {
	e.forgetThose(func(x *execution) bool { return x.id == id })
}

func (e *Engine) forgetThose(match func(*execution) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(e.execs, func(_ string, x *execution) bool { return match(x) })
	e.idle.waiting = slices.DeleteFunc(e.idle.waiting, match)
	e.idle.ended = slices.DeleteFunc(e.idle.ended, match)
}
