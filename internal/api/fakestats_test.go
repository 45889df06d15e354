package api

import (
	"context"
	"strings"

	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/network"
)

func (f *fakeEngine) Usage(r *container.Record) (engine.Sample, error) {
	return engine.Sample{Record: r}, f.log("one look")
}

func (f *fakeEngine) Usages(_ context.Context, records []*container.Record) ([]engine.Sample, error) {
	samples := make([]engine.Sample, len(records))
	for i, r := range records {
		samples[i].Record = r
	}
	return samples, f.log("two looks")
}

func (f *fakeEngine) Endpoints(*container.Record) []network.Endpoint { return nil }

// forget forgets what was called.
func (f *fakeEngine) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.called = nil
}

// calls are what was called since, one after the other.
func (f *fakeEngine) calls() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.called, ", ")
}
