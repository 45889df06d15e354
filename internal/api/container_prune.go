package api

import (
	"net/http"
	"slices"
	"time"

	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/events"
)

// containerPrune removes the containers that do not run and that the filters fit.
func containerPrune(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	if err := onlyFilters(filters, "label", "label!", "until"); err != nil {
		return err
	}
	until, err := untilFilter(filters, time.Now())
	if err != nil {
		return err
	}
	report := moby.PruneReport{ContainersDeleted: []string{}}
	idle := slices.DeleteFunc(c.engine.List(), func(r *container.Record) bool {
		ended := r.State.Status == container.Exited || r.State.Status == container.Created || r.State.Status == container.Dead
		tooNew := !until.IsZero() && !r.Created.Before(until)
		return !ended || tooNew || !pruned(r.Config.Labels, filters)
	})
	err = prune(c.ctx(), idle, func(r *container.Record) error {
		written, _, err := c.engine.Size(c.ctx(), r)
		if err != nil {
			written = 0
		}
		if err := c.engine.Remove(c.ctx(), r.ID, engine.RemoveOptions{}); err != nil {
			return err
		}
		report.ContainersDeleted = append(report.ContainersDeleted, r.ID)
		report.SpaceReclaimed += uint64(written)
		return nil
	})
	if err != nil {
		return err
	}
	c.engine.PublishPrune(events.Container, int64(report.SpaceReclaimed))
	return c.json(http.StatusOK, report)
}
