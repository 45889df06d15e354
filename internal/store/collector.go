package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/pkg/gc"
)

// collectDelay is how long after the last removal a collection begins, so that ten removals cost one.
const collectDelay = 2 * time.Second

// Collect asks for a collection soon, in the background: blobs and layers that no image and no lease leads to are removed.
// While one runs nothing can be written to the store (0.7 s with 150 layers to remove); reading goes on.
func (s *Store) Collect() { s.collector.ask() }

// CollectNow collects at once and returns when the disk space is free.
func (s *Store) CollectNow(ctx context.Context) error { return s.collect(ctx) }

func (s *Store) collectInBackground(ctx context.Context) {
	if err := s.collect(ctx); err != nil { // the next one tries again
		s.log.Warn("image store is not collected", "error", err)
	}
}

func (s *Store) collect(ctx context.Context) error {
	_, err := s.GarbageCollect(ctx)
	return err
}

// collector runs one collection at a time, some time after it was asked for.
type collector struct {
	asked  chan struct{}
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

func newCollector(run func(context.Context)) *collector {
	ctx, cancel := context.WithCancel(context.Background())
	c := &collector{asked: make(chan struct{}, 1), cancel: cancel}
	c.ended.Go(func() { c.loop(ctx, run) })
	return c
}

func (c *collector) ask() {
	select {
	case c.asked <- struct{}{}:
	default: // one is asked for already
	}
}

// askIn asks for a collection some time from now.
func (c *collector) askIn(d time.Duration) { time.AfterFunc(d, c.ask) }

func (c *collector) loop(ctx context.Context, run func(context.Context)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.asked:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(collectDelay):
		}
		run(context.WithoutCancel(ctx)) // what was begun is finished: breaking off saves nothing
	}
}

func (c *collector) close() {
	c.cancel()
	c.ended.Wait()
}

// GarbageCollect collects at once, for the builder, and tells how that went.
func (s *Store) GarbageCollect(ctx context.Context) (gc.Stats, error) {
	done, err := s.relaxed.strictly() // what is removed may be in the copy of the database
	if err != nil {
		return nil, err
	}
	defer done()
	stats, err := s.meta.GarbageCollect(s.Context(ctx))
	if err != nil {
		return nil, fmt.Errorf("collect garbage in the image store: %w", err)
	}
	return stats, nil
}
