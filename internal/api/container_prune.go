package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
	"tug/internal/engine"
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
	labelled := container.LabelTest(filters["label"])
	report := moby.PruneReport{ContainersDeleted: []string{}}
	var failures []error
	for _, r := range c.engine.List() {
		idle := r.State.Status == container.Exited || r.State.Status == container.Created || r.State.Status == container.Dead
		tooNew := !until.IsZero() && !r.Created.Before(until)
		if !idle || tooNew || !labelled(r) || hasOne(r, filters["label!"]) {
			continue
		}
		switch err := c.engine.Remove(c.ctx(), r.ID, engine.RemoveOptions{}); {
		case err == nil:
			report.ContainersDeleted = append(report.ContainersDeleted, r.ID)
		case c.ctx().Err() != nil:
			return c.ctx().Err()
		case !errdefs.IsNotFound(err) && !errdefs.IsConflict(err):
			failures = append(failures, err)
		}
	}
	if len(failures) > 0 && len(report.ContainersDeleted) == 0 {
		return errors.Join(failures...)
	}
	return c.json(http.StatusOK, report)
}

// hasOne tells whether a container has any of the labels.
func hasOne(r *container.Record, labels []string) bool {
	for _, l := range labels {
		if container.LabelTest([]string{l})(r) {
			return true
		}
	}
	return false
}
