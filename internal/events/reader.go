package events

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
)

// ErrMissed is told to a reader that was so slow that events are gone which it has not read.
var ErrMissed = fmt.Errorf("events were missed: they came faster than they were read; read on with since the last one's time: %w", errdefs.ErrOutOfRange)

// Reader is a place in a log. It holds nothing that has to be let go of, and is for one goroutine.
type Reader struct {
	log *Log
	at  uint64 // number of the event that is read next
}

// Reader gives a place before the next event.
func (l *Log) Reader() *Reader {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Reader{l, l.next()}
}

// Since gives a place before the first event of that time or later that the log has kept.
func (l *Log) Since(t time.Time) *Reader {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Reader{l, l.after(t)}
}

// Read calls fn for each event from the reader's place on, those that are to come included, up to the time until (zero: for
// ever). It returns nil when that time has come, the error of ctx when that is done, fn's error, or ErrMissed.
func (r *Reader) Read(ctx context.Context, until time.Time, fn func(Event) error) error {
	var over <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		over = timer.C
	}
	for last := false; ; {
		more, err := r.drain(ctx, until, fn)
		if err != nil || last {
			return err
		}
		if more == nil {
			return nil // an event of later than until is there
		}
		select {
		case <-more:
		case <-over:
			last = true // those of before then may have come since
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// drain reads all that is there, and gives a channel that is closed with the next event; nil if there is none of before until.
func (r *Reader) drain(ctx context.Context, until time.Time, fn func(Event) error) (more <-chan struct{}, err error) {
	for ctx.Err() == nil {
		part, more, err := r.take()
		if err != nil || part == nil {
			return more, err
		}
		for _, e := range part {
			if !until.IsZero() && e.Time.After(until) {
				return nil, nil
			}
			if err := fn(e); err != nil {
				return nil, err
			}
		}
	}
	return nil, ctx.Err()
}

// batch is how many events are taken at a time: the rest can be missed, which bounds what a slow reader keeps alive.
const batch = 64

// take gives the next events; if there are none, a channel that is closed with the next.
func (r *Reader) take() (part []Event, more <-chan struct{}, err error) {
	l := r.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.at < l.first {
		return nil, nil, ErrMissed
	}
	if r.at == l.next() {
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		return nil, l.changed, nil
	}
	rest := l.kept[r.at-l.first:]
	part = append(part, rest[:min(len(rest), batch)]...)
	r.at += uint64(len(part))
	return part, nil, nil
}
