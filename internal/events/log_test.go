package events

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// actions reads all events from a place on to the one that is called last.
func actions(t *testing.T, r *Reader, last string) []string {
	t.Helper()
	var got []string
	stop := errors.New("enough")
	err := r.Read(t.Context(), time.Time{}, func(e Event) error {
		if got = append(got, e.Action); e.Action == last {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Fatalf("read %v, then %v", got, err)
	}
	return got
}

func publish(l *Log, actions ...string) {
	for _, a := range actions {
		l.Publish(Event{Type: Container, Action: a})
	}
}

func TestReadersSeeAllFromTheirPlaceOn(t *testing.T) {
	l := NewLog()
	publish(l, "a", "b")
	now := l.Reader()
	past := l.Since(time.Time{})
	publish(l, "c", "d")
	if d := cmp.Diff([]string{"c", "d"}, actions(t, now, "d")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a", "b", "c", "d"}, actions(t, past, "d")); d != "" {
		t.Error(d)
	}
}

func TestSinceIsExact(t *testing.T) {
	l := NewLog()
	publish(l, "a", "b", "c")
	var times []time.Time
	for _, e := range l.kept {
		times = append(times, e.Time)
	}
	for since, want := range map[time.Time][]string{
		times[1]:                       {"b", "c"},
		times[1].Add(1):                {"c"},
		times[0].Add(-time.Hour):       {"a", "b", "c"},
		times[2].Add(time.Millisecond): {},
	} {
		publish(l) // nothing: what is there is there
		got := []string{}
		if err := l.Since(since).Read(t.Context(), times[2], func(e Event) error {
			got = append(got, e.Action)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("since %s: %s", since, d)
		}
	}
}

func TestReadEndsWithTheTimeOfUntil(t *testing.T) {
	l := NewLog()
	publish(l, "a")
	until := l.latest
	publish(l, "late")
	var got []string
	err := l.Since(time.Time{}).Read(t.Context(), until, func(e Event) error {
		got = append(got, e.Action)
		return nil
	})
	if d := cmp.Diff([]string{"a"}, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	if err := l.Reader().Read(t.Context(), time.Now().Add(time.Millisecond), nil); err != nil {
		t.Errorf("nothing came until the time was over, and then %v", err)
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	l := NewLog()
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if err := l.Reader().Read(ctx, time.Time{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTimesOnlyGrow(t *testing.T) {
	l := NewLog()
	future := time.Now().Add(time.Hour) // the clock was set back since
	l.latest = future
	publish(l, "a", "b")
	if a, b := l.kept[0].Time, l.kept[1].Time; !a.After(future) || !b.After(a) {
		t.Errorf("%s, %s, %s", future, a, b)
	}
}

func TestTheLogIsBounded(t *testing.T) {
	l := newLog(10, 1<<20)
	for i := range 25 {
		publish(l, fmt.Sprint(i))
	}
	if len(l.kept) != 10 || l.kept[0].Action != "15" {
		t.Errorf("%d are kept, from %s on", len(l.kept), l.kept[0].Action)
	}
	for range 5 {
		l.Publish(Event{Attributes: map[string]string{"label": strings.Repeat("x", 400<<10)}})
	}
	if len(l.kept) != 2 || l.size > 1<<20 {
		t.Errorf("%d are kept of %d bytes", len(l.kept), l.size)
	}
	l.Publish(Event{Attributes: map[string]string{"label": strings.Repeat("x", 2<<20)}})
	if len(l.kept) != 1 {
		t.Errorf("%d are kept: not even the last, or more", len(l.kept))
	}
	for range 3 { // what was counted in is counted out
		publish(l, "small")
	}
	if len(l.kept) != 3 || l.size > 1000 {
		t.Errorf("%d are kept of %d bytes", len(l.kept), l.size)
	}
}

func TestASlowReaderIsCutOff(t *testing.T) {
	l := newLog(100, 1<<20)
	r := l.Reader()
	publish(l, "first")
	var got []string
	err := r.Read(t.Context(), time.Time{}, func(e Event) error {
		if got = append(got, e.Action); len(got) == 1 {
			for range 101 {
				publish(l, "flood")
			}
		}
		return nil
	})
	if !errors.Is(err, ErrMissed) || len(got) != 1 {
		t.Errorf("read %d events, then %v", len(got), err)
	}
}

func TestAllReadersSeeOneOrder(t *testing.T) {
	const writers, each, readers = 4, 500, 8
	l := NewLog()
	orders := make([][]string, readers)
	var reading, writing sync.WaitGroup
	for i := range readers {
		r := l.Reader()
		reading.Go(func() { orders[i] = actions(t, r, "last") })
	}
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				publish(l, fmt.Sprint(w, "-", i))
			}
		})
	}
	writing.Wait()
	publish(l, "last")
	reading.Wait()
	for _, o := range orders {
		if len(o) != writers*each+1 {
			t.Errorf("a reader saw %d events", len(o))
		}
		if d := cmp.Diff(orders[0], o); d != "" {
			t.Errorf("readers differ: %s", d)
		}
	}
}
