package engine

import (
	"context"
	"maps"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/proc"
)

// Usage is what a running container has used up to a moment.
type Usage struct {
	Read       time.Time
	Group      *cgroup.Stats
	CgroupV2   bool
	System     time.Duration // what all processors of the host together could give since it was started
	CPUs       int
	MemTotal   uint64                    // bytes of the host
	Interfaces map[string]proc.Interface // those that the engine has given the container; nil without a network
}

// Sample is what a container uses; Usage is nil if it does not run.
type Sample struct {
	Record *container.Record
	Usage  *Usage
	Before *Usage // an earlier look, to compare with; nil if none was asked for
}

// Two looks at a container, from which its share of the processors is told, are at least and at most so far apart.
const (
	leastApart = 100 * time.Millisecond
	mostApart  = 2 * time.Second
)

// sameMoment is how old a look may be that another client gets as if it were new.
const sameMoment = 50 * time.Millisecond

// meter is what looks at containers have in common.
type meter struct {
	processors proc.Processors
	memTotal   uint64 // bytes
}

// Usage gives what a container has used up to now.
func (e *Engine) Usage(r *container.Record) (s Sample, err error) {
	s.Record = r
	if run, ok := e.run(r.ID); ok && alive(r) {
		s.Usage, err = e.look(r, run, sameMoment)
	}
	return s, err
}

// Usages gives what containers use, with an earlier look at each to compare with. It takes as long as two looks have to be apart, however
// many containers there are, or no longer than one look if all were looked at a moment ago.
func (e *Engine) Usages(ctx context.Context, records []*container.Record) ([]Sample, error) {
	samples := make([]Sample, len(records))
	var wait time.Duration
	for i, r := range records {
		samples[i].Record = r
		run, ok := e.run(r.ID)
		if !ok || !alive(r) {
			continue
		}
		before, err := e.look(r, run, mostApart)
		if err != nil {
			return nil, err
		}
		if samples[i].Before = before; before != nil {
			wait = max(wait, leastApart-time.Since(before.Read))
		}
	}
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for i := range samples {
		s := &samples[i]
		run, ok := e.run(s.Record.ID)
		if !ok || s.Before == nil {
			s.Before = nil
			continue
		}
		var err error
		if s.Usage, err = e.look(s.Record, run, min(sameMoment, time.Since(s.Before.Read)/2)); err != nil {
			return nil, err
		}
	}
	return samples, nil
}

// look gives the latest look at a container if it is fresh enough, or else a new one; nil if the container has just ended. So many who ask at
// once cost no more than one, and who has asked a moment ago need not wait for a second look.
func (e *Engine) look(r *container.Record, run *run, fresh time.Duration) (*Usage, error) {
	if last := run.latest.Load(); last != nil && time.Since(last.Read) < fresh {
		return last, nil
	}
	u, err := e.measure(r, run)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err == nil {
		run.latest.Store(u)
	}
	return u, err
}

// measure looks at a running container. Errors: NotFound (it has ended).
func (e *Engine) measure(r *container.Record, run *run) (*Usage, error) {
	group, err := run.group.Stats()
	if err != nil {
		return nil, err
	}
	u := &Usage{Read: group.Read, Group: group, CgroupV2: e.cgroups.V2, MemTotal: e.meter.memTotal}
	if u.System, u.CPUs, err = e.meter.processors.Time(); err != nil {
		return nil, err
	}
	u.Interfaces, err = e.interfaces(r, run)
	return u, err
}

// interfaces counts what goes over the interfaces that the engine has given the container, or the one whose network it shares.
func (e *Engine) interfaces(r *container.Record, run *run) (map[string]proc.Interface, error) {
	owner := e.networkOwner(r)
	e.mu.Lock()
	if owner != r {
		if run = e.runs[owner.ID]; run == nil {
			e.mu.Unlock()
			return nil, nil
		}
	}
	given := map[string]bool{}
	for _, ep := range run.endpoints {
		given[ep.IfName] = ep.HostIf != ""
	}
	e.mu.Unlock()
	if len(given) == 0 || owner.Host.NetworkMode == network.NameHost {
		return nil, nil
	}
	found, err := proc.Interfaces(run.pid)
	maps.DeleteFunc(found, func(name string, _ proc.Interface) bool { return !given[name] })
	return found, err
}
