package api

import (
	"errors"
	"net/http"

	"github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/volume"

	"tug/internal/events"
)

// volumePrune removes the volumes that no container has: those that were made without a name, or all of them.
func volumePrune(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	if err := onlyFilters(filters, "label", "label!", "all"); err != nil {
		return err
	}
	all, err := switchFilter(filters, "all", c.before(42))
	if err != nil {
		return err
	}
	users := c.volumeUsers()
	report := moby.PruneReport{VolumesDeleted: []string{}}
	var failures []error
	for _, v := range c.engine.Volumes().List() {
		if users[v.Name] > 0 || !all && !v.Anonymous || !pruned(v.AllLabels(), filters) {
			continue
		}
		size := c.engine.VolumeSize(c.ctx(), &v)
		switch err := c.engine.RemoveVolume(v.Name); {
		case err == nil:
			report.VolumesDeleted = append(report.VolumesDeleted, v.Name)
			report.SpaceReclaimed += uint64(max(size, 0))
		case c.ctx().Err() != nil:
			return c.ctx().Err()
		case !errdefs.IsNotFound(err) && !errdefs.IsConflict(err): // those are gone or used since
			failures = append(failures, err)
		}
	}
	if len(failures) > 0 && len(report.VolumesDeleted) == 0 {
		return errors.Join(failures...)
	}
	c.engine.PublishPrune(events.Volume, int64(report.SpaceReclaimed))
	return c.json(http.StatusOK, report)
}
