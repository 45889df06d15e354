package container

import (
	"context"
	"errors"
	"io"
	"time"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// showSampled is show with a daemon that has to be asked for one container at a time, such as Docker's.
func (o *statsOptions) showSampled(ctx context.Context, s *session.Session, api *connection.Client, refs []string) error {
	ctx, cancel := context.WithCancel(ctx)
	watched := newSampler(ctx, api, !o.noStream)
	defer watched.wait()
	defer cancel() // before the wait

	lost := make(chan error, 1) // the stream of events broke
	if len(refs) == 0 {
		if err := watched.followAll(o.all, lost); err != nil {
			return err
		}
		watched.awaitFirst()
	} else {
		for _, ref := range refs {
			watched.add(ref)
		}
		watched.awaitFirst()
		if err := watched.errors(); err != nil {
			return err
		}
	}
	if o.noStream {
		return o.write(s.Out, watched.samples())
	}
	return o.drawSampled(ctx, s, watched, len(refs) > 0, lost)
}

// drawSampled draws the latest samples twice a second.
func (o *statsOptions) drawSampled(ctx context.Context, s *session.Session, watched *sampler, endsWhenEmpty bool, lost <-chan error) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-lost:
			if errors.Is(err, io.EOF) {
				return connection.ErrGone // events have no other end
			}
			return err
		case <-ticker.C:
		}
		samples := watched.samples()
		if len(samples) == 0 && endsWhenEmpty {
			return o.paint(s, nil)
		}
		if err := o.paint(s, samples); err != nil {
			return err
		}
	}
}
