package api

import (
	"net/http"
	"slices"

	moby "github.com/moby/moby/api/types/volume"

	"tug/internal/events"
	"tug/internal/volume"
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
	unused := slices.DeleteFunc(c.engine.Volumes().List(), func(v volume.Volume) bool {
		return users[v.Name] > 0 || !all && !v.Anonymous || !pruned(v.AllLabels(), filters)
	})
	err = prune(c.ctx(), unused, func(v volume.Volume) error {
		size := c.engine.VolumeSize(c.ctx(), &v)
		if err := c.engine.RemoveVolume(v.Name); err != nil {
			return err
		}
		report.VolumesDeleted = append(report.VolumesDeleted, v.Name)
		report.SpaceReclaimed += uint64(max(size, 0))
		return nil
	})
	if err != nil {
		return err
	}
	c.engine.PublishPrune(events.Volume, int64(report.SpaceReclaimed))
	return c.json(http.StatusOK, report)
}
