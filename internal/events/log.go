package events

import (
	"slices"
	"sync"
	"time"
)

// What a log keeps, unless it is told otherwise. A busy host makes some hundred events a second.
const (
	keepEvents = 16384
	keepBytes  = 32 << 20 // about: labels, which are in every event of a container, may be large
)

// Log keeps the latest events and tells readers of new ones.
type Log struct {
	events, bytes int // how much is kept

	mu      sync.Mutex // guards what follows
	kept    []Event
	first   uint64 // number of the first of those; events are numbered from 0
	size    int    // of all that are kept
	latest  time.Time
	changed chan struct{} // closed with the next event; nil while nobody waits for it
}

// NewLog makes a log that keeps Docker's number of events many times over.
func NewLog() *Log { return newLog(keepEvents, keepBytes) }

func newLog(events, bytes int) *Log { return &Log{events: events, bytes: bytes} }

// Publish adds an event, with the time at which it is added.
func (l *Log) Publish(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Time = time.Now().Round(0)
	if !e.Time.After(l.latest) { // the clock stood still, or was set back: the order stands
		e.Time = l.latest.Add(1)
	}
	l.latest = e.Time
	l.kept = append(l.kept, e)
	l.size += e.size()
	for len(l.kept) > l.events || l.size > l.bytes && len(l.kept) > 1 {
		l.size -= l.kept[0].size()
		l.kept[0] = Event{} // what it held is let go of before the list is moved
		l.kept = l.kept[1:]
		l.first++
	}
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// next is the number of the next event; the lock is held.
func (l *Log) next() uint64 { return l.first + uint64(len(l.kept)) }

// after is the number of the first event that is kept of a time or later; the lock is held.
func (l *Log) after(since time.Time) uint64 {
	i, _ := slices.BinarySearchFunc(l.kept, since, func(e Event, t time.Time) int { return e.Time.Compare(t) })
	return l.first + uint64(i)
}
