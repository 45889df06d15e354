package schedule

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// run runs a schedule and gives what was due, each with the seconds since the beginning, once the test has let time pass.
func run(t *testing.T, fill func(s *Schedule)) string {
	var got []string
	synctest.Test(t, func(t *testing.T) {
		s := New()
		begin := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Run(ctx, func(key string) {
				got = append(got, fmt.Sprint(key, time.Since(begin).Seconds()))
				if key == "again" && len(got) < 3 {
					s.Put(key, time.Now().Add(2*time.Second))
				}
			})
		}()
		synctest.Wait()
		fill(s)
		time.Sleep(time.Hour)
		cancel()
		<-ended
	})
	return strings.Join(got, " ")
}

func in(seconds int) time.Time { return time.Now().Add(time.Duration(seconds) * time.Second) }

func TestThingsAreCalledForInTheOrderOfTheirTimes(t *testing.T) {
	got := run(t, func(s *Schedule) {
		s.Put("c", in(30))
		s.Put("a", in(10))
		s.Put("b", in(20))
		s.Put("now", in(-5))
	})
	if got != "now0 a10 b20 c30" {
		t.Error(got)
	}
}

func TestALaterWordCounts(t *testing.T) {
	got := run(t, func(s *Schedule) {
		s.Put("a", in(10))
		s.Put("b", in(20))
		s.Put("c", in(30))
		s.Put("a", in(40))
		s.Put("c", in(5))
		s.Drop("b")
		s.Drop("b")
		s.Drop("unknown")
	})
	if got != "c5 a40" {
		t.Error(got)
	}
}

func TestWhatIsDueMayBePutAgain(t *testing.T) {
	if got := run(t, func(s *Schedule) { s.Put("again", in(1)) }); got != "again1 again3 again5" {
		t.Error(got)
	}
}
