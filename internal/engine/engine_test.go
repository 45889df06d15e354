package engine

import (
	"context"
	"testing"

	"github.com/containerd/errdefs"
)

func TestCloseWaitsForWhatIsUnderWayAndRefusesWhatIsNew(t *testing.T) {
	e := &Engine{}
	e.life, e.stop = context.WithCancel(t.Context())
	leave, err := e.enter()
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- e.Close(t.Context()) }()
	<-e.life.Done()
	if _, err := e.enter(); !errdefs.IsUnavailable(err) {
		t.Errorf("what is new is told %v", err)
	}
	select {
	case <-closed:
		t.Error("the engine has closed under a use case")
	default:
	}
	leave()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
