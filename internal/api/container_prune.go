package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/events"
)

// containerPrune removes the containers that do not run and that the filters fit. One that is used again meanwhile is left alone.
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
	var failures []error
	for _, r := range c.engine.List() {
		idle := r.State.Status == container.Exited || r.State.Status == container.Created || r.State.Status == container.Dead
		tooNew := !until.IsZero() && !r.Created.Before(until)
		if !idle || tooNew || !pruned(r.Config.Labels, filters) {
			continue
		}
		written, _, err := c.engine.Size(c.ctx(), r)
		if err != nil {
			written = 0
		}
		switch err := c.engine.Remove(c.ctx(), r.ID, engine.RemoveOptions{}); {
		case err == nil:
			report.ContainersDeleted = append(report.ContainersDeleted, r.ID)
			report.SpaceReclaimed += uint64(written)
		case c.ctx().Err() != nil:
			return c.ctx().Err()
		case !errdefs.IsNotFound(err) && !errdefs.IsConflict(err):
			failures = append(failures, err)
		}
	}
	if len(failures) > 0 && len(report.ContainersDeleted) == 0 {
		return errors.Join(failures...)
	}
	c.engine.PublishPrune(events.Container, int64(report.SpaceReclaimed))
	return c.json(http.StatusOK, report)
}

// pruned tells whether what has these labels is to go: all those of the filter label, and none of those of label!.
func pruned(labels map[string]string, filters map[string][]string) bool {
	for _, l := range filters["label!"] {
		if container.HasLabels(labels, []string{l}) {
			return false
		}
	}
	return container.HasLabels(labels, filters["label"])
}
