package container

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"tug/internal/cli/connection"
)

// staleAfter is how long a container's figures are shown after the last news of it.
const staleAfter = 2 * time.Second

// sampler keeps the latest figures of containers. It has a goroutine for each, which ends with its context.
type sampler struct {
	ctx    context.Context
	api    *connection.Client
	stream bool

	running sync.WaitGroup
	first   sync.WaitGroup // the first figures, or error, of each

	mu      sync.Mutex
	watched []*watched
}

// watched is one container.
type watched struct {
	sample
	last time.Time
	err  error
	once sync.Once // the first figures are there
	end  context.CancelFunc
}

func newSampler(ctx context.Context, api *connection.Client, stream bool) *sampler {
	return &sampler{ctx: ctx, api: api, stream: stream}
}

// wait returns when all goroutines have ended; the context must have.
func (s *sampler) wait() { s.running.Wait() }

// awaitFirst returns when there is something to say about each container.
func (s *sampler) awaitFirst() { s.first.Wait() }

// add begins to watch a container, unless it is watched already.
func (s *sampler) add(ref string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.watched, func(w *watched) bool { return w.ref == ref }) {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	w := &watched{sample: sample{ref: ref, invalid: true}, last: time.Now(), end: cancel}
	s.watched = append(s.watched, w)
	s.first.Add(1)
	s.running.Go(func() {
		defer w.once.Do(s.first.Done)
		err := s.collect(ctx, w)
		s.mu.Lock()
		defer s.mu.Unlock()
		if w.err = err; err != nil {
			w.invalid = true
		}
	})
}

// remove ends the watching of a container.
func (s *sampler) remove(ref string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = slices.DeleteFunc(s.watched, func(w *watched) bool {
		if w.ref == ref {
			w.end()
		}
		return w.ref == ref
	})
}

// samples gives the latest figures, in the order in which the containers were added.
func (s *sampler) samples() []sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]sample, 0, len(s.watched))
	for _, w := range s.watched {
		latest := w.sample
		latest.invalid = latest.invalid || (s.stream && time.Since(w.last) > staleAfter)
		all = append(all, latest)
	}
	return all
}

// errors says which containers could not be watched.
func (s *sampler) errors() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, w := range s.watched {
		if w.err != nil && !errors.Is(w.err, io.EOF) {
			errs = append(errs, w.err)
		}
	}
	return errors.Join(errs...)
}

// collect keeps w's figures up to date until the container or ctx ends.
func (s *sampler) collect(ctx context.Context, w *watched) error {
	stats, err := s.api.ContainerStats(ctx, w.ref, client.ContainerStatsOptions{Stream: s.stream, IncludePreviousSample: !s.stream})
	if err != nil {
		return err
	}
	defer stats.Body.Close()
	decoder := json.NewDecoder(stats.Body)
	for {
		var usage container.StatsResponse
		if err := decoder.Decode(&usage); err != nil {
			return err
		}
		s.mu.Lock()
		w.usage, w.last, w.invalid = usage, time.Now(), false
		s.mu.Unlock()
		w.once.Do(s.first.Done)
		if !s.stream {
			return nil
		}
	}
}

// followAll watches the running containers (or all of them), those that start later too. The end of the
// daemon's events is sent to lost.
func (s *sampler) followAll(all bool, lost chan<- error) error {
	// The events are asked for first, so that none is missed between the list and them.
	changes := s.api.Events(s.ctx, client.EventsListOptions{
		Filters: make(client.Filters).Add("type", string(events.ContainerEventType)),
	})
	found, err := s.api.ContainerList(s.ctx, client.ContainerListOptions{All: all})
	if err != nil {
		return err
	}
	for _, c := range found.Items {
		s.add(c.ID)
	}
	s.running.Go(func() {
		for {
			select {
			case <-s.ctx.Done():
				return
			case err := <-changes.Err:
				lost <- err
				return
			case event := <-changes.Messages:
				s.react(event, all)
			}
		}
	})
	return nil
}

// react begins or ends the watching of the container that an event is about.
func (s *sampler) react(event events.Message, all bool) {
	switch event.Action {
	case events.ActionStart:
		s.add(event.Actor.ID)
	case events.ActionCreate:
		if all {
			s.add(event.Actor.ID)
		}
	case events.ActionDie:
		if !all { // it may come back
			s.remove(event.Actor.ID)
		}
	case events.ActionDestroy:
		s.remove(event.Actor.ID)
	}
}
