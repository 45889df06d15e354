package engine

import (
	"sync"
	"time"

	"tug/internal/container"
)

// Event is something that happened to a container.
type Event struct {
	Action    string // "create", "start", "die", ...
	Container *container.Record
	At        time.Time
}

// subscribers are those who are told of events. One who does not keep up misses the ones that do not fit.
type subscribers struct {
	mu   sync.Mutex
	list map[chan Event]bool
}

const eventBuffer = 1024

// Subscribe gives a channel of events from now on, and a function that ends it.
func (e *Engine) Subscribe() (<-chan Event, func()) {
	s := &e.events
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list == nil {
		s.list = map[chan Event]bool{}
	}
	c := make(chan Event, eventBuffer)
	s.list[c] = true
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.list, c)
	}
}

func (e *Engine) publish(r *container.Record, action string) {
	s := &e.events
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.list {
		select {
		case c <- Event{Action: action, Container: r, At: time.Now()}:
		default:
		}
	}
}
