package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"tug/internal/network"
	"tug/internal/slot"
)

// berth is a slot with the endpoint on the default bridge that was made for it; nil if it has none.
type berth struct {
	*slot.Slot
	endpoint *network.Endpoint
}

// want is what a container needs of a slot.
type want struct {
	slot.Kind
	bridge bool // an endpoint on the default bridge
}

// slots keeps slots of the most frequent kind ready.
type slots struct {
	maker    *slot.Maker
	networks *network.Networks
	log      *slog.Logger
	kind     want // of the ones kept ready
	ready    chan *berth
	refill   chan struct{}
	cancel   context.CancelFunc
	done     sync.WaitGroup
	rarer    *slots // those of another kind, less asked for; nil: none are kept
}

// newSlotsFor keeps slots ready for containers on the default bridge, and, fewer, for those without a network or on one of
// their own.
func newSlotsFor(maker *slot.Maker, networks *network.Networks, kind want, size int, log *slog.Logger) *slots {
	s := newSlots(maker, networks, kind, size, log)
	if kind.bridge {
		rarer := kind
		rarer.bridge = false
		s.rarer = newSlots(maker, networks, rarer, min(size, 2), log)
	}
	return s
}

// newSlots keeps up to size slots ready, made in the background one after the other.
func newSlots(maker *slot.Maker, networks *network.Networks, kind want, size int, log *slog.Logger) *slots {
	ctx, cancel := context.WithCancel(context.Background())
	s := &slots{maker: maker, networks: networks, log: log, kind: kind, ready: make(chan *berth, size), refill: make(chan struct{}, 1), cancel: cancel}
	if size > 0 {
		s.refill <- struct{}{}
		s.done.Go(func() { s.keepFull(ctx) })
	}
	return s
}

func (s *slots) keepFull(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.refill:
		}
		for len(s.ready) < cap(s.ready) && ctx.Err() == nil {
			b, err := s.make(ctx, s.kind)
			if err != nil {
				if ctx.Err() == nil {
					s.log.Warn("prepare for another container", "error", err)
				}
				break
			}
			s.ready <- b
		}
	}
}

// take gives a slot: a ready one if it fits and there is one, else a new one.
func (s *slots) take(ctx context.Context, w want) (*berth, error) {
	for w == s.kind {
		b, ok := s.pop()
		if !ok {
			break
		}
		if b.Alive() {
			return b, nil
		}
		s.discard(b) // somebody has killed its shim
	}
	if s.rarer != nil && w != s.kind {
		return s.rarer.take(ctx, w)
	}
	return s.make(ctx, w)
}

// pop takes a ready slot, if there is one.
func (s *slots) pop() (*berth, bool) {
	select {
	case b := <-s.ready:
		return b, true
	default:
		return nil, false
	}
}

// wake has the slots that were taken made again. It is called when a start is over, so that the two do not compete.
func (s *slots) wake() {
	select {
	case s.refill <- struct{}{}:
	default:
	}
	if s.rarer != nil {
		s.rarer.wake()
	}
}

func (s *slots) make(ctx context.Context, w want) (*berth, error) {
	made, err := s.maker.Make(ctx, w.Kind)
	if err != nil {
		return nil, err
	}
	b := &berth{Slot: made}
	if w.bridge {
		if b.endpoint, err = s.networks.Attach(ctx, network.Attachment{Network: network.NameBridge, NetNS: made.NetNS, Container: made.ID}); err != nil {
			made.Discard()
			return nil, fmt.Errorf("connect to the default bridge: %w", err)
		}
	}
	return b, nil
}

// discard ends a slot that no container runs in.
func (s *slots) discard(b *berth) {
	b.Discard()
	if b.endpoint != nil {
		s.networks.Detach(b.endpoint)
	}
}

// close ends the slots that are ready, and waits for the one being made.
func (s *slots) close() {
	if s.rarer != nil {
		s.rarer.close()
	}
	s.cancel()
	s.done.Wait()
	for {
		select {
		case b := <-s.ready:
			s.discard(b)
		default:
			return
		}
	}
}
