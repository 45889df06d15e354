package engine

import (
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/oci"
)

// changeLimits records other limits of a container and, if it runs, sets them. If the daemon is killed between the two, the
// next one sets them.
func (e *Engine) changeLimits(r *container.Record, to container.HostConfig, limits *specs.LinuxResources) (*container.Record, error) {
	changed, err := e.containers.Change(r.ID, func(r *container.Record) {
		r.Host = to
		if r.State.Live != nil {
			r.State.Live.Unsettled = true
		}
	})
	run, ok := e.run(r.ID)
	if err != nil || !ok {
		return changed, err
	}
	if err := run.group.Update(limits); err != nil {
		_, undone := e.containers.Change(r.ID, func(now *container.Record) {
			now.Host = r.Host
			settleState(now)
		})
		return nil, errors.Join(err, undone)
	}
	return e.containers.Change(r.ID, settleState)
}

// settleLimits sets the recorded limits of a running container.
func (e *Engine) settleLimits(r *container.Record, run *run) error {
	limits, err := oci.Resources(&r.Host.Resources, nil)
	if err != nil {
		return err
	}
	e.cgroups.Adjust(limits)
	if err := run.group.Update(limits); err != nil {
		return err
	}
	_, err = e.containers.Change(r.ID, settleState)
	return err
}

func settleState(r *container.Record) {
	if r.State.Live != nil {
		r.State.Live.Unsettled = false
	}
}
