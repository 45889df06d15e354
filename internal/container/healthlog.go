package container

import (
	"fmt"
	"time"
)

// keptHealth is what the results of health checks have come to in one run of a container.
type keptHealth struct {
	StartedAt time.Time // of the run
	Health    *Health
}

// latest is when the latest check that is in the log has ended.
func (h *Health) latest() time.Time {
	if h == nil || len(h.Log) == 0 {
		return time.Time{}
	}
	return h.Log[len(h.Log)-1].End
}

// AmendHealth is Change for results of health checks that change a container's log and nothing else: they are kept in the
// health keeper, and come to where the record is with its next Change.
func (s *Store) AmendHealth(id string, change func(*Record)) (*Record, error) {
	return s.change(id, change, func(r *Record) error {
		if r.State.Live == nil || r.State.Health == nil {
			return nil
		}
		return s.health.Put(id, keptHealth{r.State.StartedAt, r.State.Health})
	})
}

// loadHealth gives running containers the results that are younger than their records, and forgets those of containers that
// are gone and what it cannot read.
func (s *Store) loadHealth() error {
	err := s.health.Load(func(id string, decode func(any) error) error {
		e, ok := s.byID[id]
		var kept keptHealth
		if !ok || decode(&kept) != nil { // without them a daemon can do
			return s.health.Delete(id)
		}
		r := e.record
		if r.State.Live != nil && r.State.StartedAt.Equal(kept.StartedAt) && kept.Health.latest().After(r.State.Health.latest()) {
			r = r.Clone()
			r.State.Health = kept.Health
			e.record = r
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the results of health checks: %w", err)
	}
	return nil
}
