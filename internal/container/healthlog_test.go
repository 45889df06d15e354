package container

import (
	"testing"
	"time"
)

func at(second int) time.Time { return time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC) }

func healthUntil(last int) *Health {
	return &Health{Status: HealthHealthy, Log: []HealthResult{{End: at(0)}, {End: at(last)}}}
}

func TestResultsOfHealthChecksOutliveTheDaemon(t *testing.T) {
	keepers := Keepers{Durable: newKeeper(), Volatile: newKeeper(), Health: newKeeper()}
	s := open(t, keepers)
	if err := s.Add(&Record{ID: "a1", Name: "web", State: State{StartedAt: at(0), Live: &Live{}, Health: healthUntil(1)}}); err != nil {
		t.Fatal(err)
	}
	amend := func(last int) {
		t.Helper()
		if _, err := s.AmendHealth("a1", func(r *Record) { r.State.Health = healthUntil(last) }); err != nil {
			t.Fatal(err)
		}
	}
	change := func(f func(*Record)) {
		t.Helper()
		if _, err := s.Change("a1", f); err != nil {
			t.Fatal(err)
		}
	}
	latest := func() time.Time {
		t.Helper()
		r, err := open(t, keepers).Get("a1")
		if err != nil {
			t.Fatal(err)
		}
		return r.State.Health.latest()
	}
	amend(2)
	if got := latest(); got != at(2) {
		t.Errorf("after a check: %s", got)
	}
	change(func(r *Record) { r.State.Health = healthUntil(3) })
	if got := latest(); got != at(3) {
		t.Errorf("after a check that changed the status: %s", got)
	}
	amend(4)
	change(func(r *Record) { r.State.StartedAt, r.State.Health = at(10), &Health{Status: HealthStarting} })
	if got := latest(); !got.IsZero() {
		t.Errorf("a new run has the results of the last one: %s", got)
	}
	amend(11)
	change(func(r *Record) { r.State.Live, r.State.Health = nil, r.State.Health.End() })
	amend(12) // too late
	if r, err := open(t, keepers).Get("a1"); err != nil || r.State.Health.Status != HealthUnhealthy || r.State.Health.latest() != at(11) {
		t.Errorf("one that has ended: %+v, %v", r.State.Health, err)
	}
}

func TestResultsOfHealthChecksGoWithTheContainer(t *testing.T) {
	health := newKeeper()
	keepers := Keepers{Durable: newKeeper(), Volatile: newKeeper(), Health: health}
	s := open(t, keepers)
	r := &Record{ID: "a1", Name: "web", State: State{Live: &Live{}, Health: healthUntil(1)}}
	if err := s.Add(r); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AmendHealth("a1", func(r *Record) { r.State.Health = healthUntil(2) }); err != nil {
		t.Fatal(err)
	}
	if keys := health.keys(); len(keys) != 1 {
		t.Errorf("kept are %v", keys)
	}
	if err := s.Remove(r); err != nil {
		t.Fatal(err)
	}
	if keys := health.keys(); len(keys) != 0 {
		t.Errorf("the removed container's are left: %v", keys)
	}
	if err := health.Put("zz", keptHealth{Health: healthUntil(1)}); err != nil {
		t.Fatal(err)
	}
	open(t, keepers)
	if keys := health.keys(); len(keys) != 0 {
		t.Errorf("those of nobody are left: %v", keys)
	}
}
