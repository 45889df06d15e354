package engine

import (
	"fmt"
	"testing"
	"time"
)

func execsOf(n int) (e *Engine, list []*execution) {
	e = &Engine{execs: map[string]*execution{}}
	for i := range n {
		x := &execution{id: fmt.Sprint(i)}
		e.addExec(x)
		list = append(list, x)
	}
	return e, list
}

func TestOfManyExecsThatNobodyStartsTheOldestAreForgotten(t *testing.T) {
	e, list := execsOf(mostExecs + 5)
	if _, ok := e.execs["5"]; len(e.execs) != mostExecs || !ok {
		t.Errorf("%d are kept, the sixth: %t", len(e.execs), ok)
	}
	for _, x := range list[6:] {
		x.started = true
	}
	for i := range mostExecs {
		e.addExec(&execution{id: fmt.Sprint("new", i), started: i%2 == 0})
	}
	if _, ok := e.execs["5"]; !ok {
		t.Error("one that waits is forgotten for others that run")
	}
}

func TestEndedExecsAreKeptForAWhileAndNotTooMany(t *testing.T) {
	e, list := execsOf(mostExecs)
	begin := time.Now()
	end := func(x *execution, at time.Time) {
		x.started, x.ended = true, at
		e.keepEnded(x)
	}
	for _, x := range list {
		end(x, begin)
	}
	last := &execution{id: "last"}
	e.addExec(last)
	end(last, begin.Add(time.Second))
	if _, ok := e.execs["0"]; ok || len(e.execs) != mostExecs || len(e.idle.ended) != mostExecs {
		t.Errorf("%d ended ones are kept, the oldest: %t", len(e.execs), ok)
	}
	later := &execution{id: "later"}
	e.addExec(later)
	end(later, begin.Add(keepExecs+time.Millisecond))
	if len(e.execs) != 2 || e.execs["last"] != last || e.execs["later"] != later {
		t.Errorf("after a while %d are kept", len(e.execs))
	}
}

func TestForgottenExecsTakeNoPlaceOfOthers(t *testing.T) {
	e, list := execsOf(3)
	list[0].container, list[1].container = "gone", "gone"
	e.keepEnded(list[1])
	e.forgetExecs("gone")
	e.dropExec("2")
	e.keepEnded(list[2]) // a check that did not end in time, and now has
	if len(e.execs) != 0 || len(e.idle.waiting) != 0 || len(e.idle.ended) != 0 {
		t.Errorf("left are %v, waiting %v, ended %v", e.execs, e.idle.waiting, e.idle.ended)
	}
}
