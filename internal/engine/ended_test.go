package engine

import "testing"

func TestTheEndOfAnOldRunDoesNotForgetANewOne(t *testing.T) {
	old, next := &run{exited: make(chan struct{})}, &run{exited: make(chan struct{})}
	e := &Engine{runs: map[string]*run{"c": next}}
	e.closeRun("c", old)
	if got, _ := e.run("c"); got != next {
		t.Errorf("the new run is %p, want %p", got, next)
	}
	e.closeRun("c", next)
	if _, ok := e.run("c"); ok {
		t.Error("a run that has ended is still there")
	}
}
