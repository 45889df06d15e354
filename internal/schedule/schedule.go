// Package schedule calls for things when they are due. However many there are, it takes one goroutine and one timer.
package schedule

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Schedule knows when each of any number of things, known by a key, is due next.
type Schedule struct {
	earlier chan struct{} // told that the first of all is another now

	mu    sync.Mutex // guards what follows
	queue queue
	byKey map[string]*entry
}

type entry struct {
	key   string
	at    time.Time
	index int // in the queue
}

// New gives a schedule on which nothing is.
func New() *Schedule {
	return &Schedule{earlier: make(chan struct{}, 1), byKey: map[string]*entry{}}
}

// Put says when a thing is due next, in place of what was said before.
func (s *Schedule) Put(key string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byKey[key]; ok {
		e.at = at
		heap.Fix(&s.queue, e.index)
	} else {
		e := &entry{key: key, at: at}
		s.byKey[key] = e
		heap.Push(&s.queue, e)
	}
	if s.queue[0].key == key {
		select {
		case s.earlier <- struct{}{}:
		default: // it is known
		}
	}
}

// Drop takes a thing off the schedule.
func (s *Schedule) Drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byKey[key]; ok {
		heap.Remove(&s.queue, e.index)
		delete(s.byKey, key)
	}
}

// Run calls due with the key of each thing whose time has come, which is off the schedule then, until ctx ends. What due
// does must not take long: the others wait for it.
func (s *Schedule) Run(ctx context.Context, due func(key string)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		for {
			key, ok := s.take(time.Now())
			if !ok || ctx.Err() != nil {
				break
			}
			due(key)
		}
		if at, ok := s.first(); ok {
			timer.Reset(time.Until(at))
		} else {
			timer.Stop()
		}
		select {
		case <-timer.C:
		case <-s.earlier:
		case <-ctx.Done():
			return
		}
	}
}

// take takes a thing off the schedule that is due by now.
func (s *Schedule) take(now time.Time) (key string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 || s.queue[0].at.After(now) {
		return "", false
	}
	e := heap.Pop(&s.queue).(*entry) //nolint:forcetypeassert // nothing else is put there
	delete(s.byKey, e.key)
	return e.key, true
}

// first is when the first thing is due.
func (s *Schedule) first() (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return time.Time{}, false
	}
	return s.queue[0].at, true
}

// queue is a heap by time.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push is the heap's.
func (q *queue) Push(x any) {
	e := x.(*entry) //nolint:forcetypeassert // nothing else is pushed
	e.index = len(*q)
	*q = append(*q, e)
}

// Pop is the heap's.
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return e
}
