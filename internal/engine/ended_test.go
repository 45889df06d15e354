package engine

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tug/internal/container"
	"tug/internal/shim"
	"tug/internal/state"
)

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

func TestAnEndAndThatItIsFollowedByARestartAreOneChange(t *testing.T) {
	for name, c := range map[string]struct {
		policy  string
		retries int
		before  int // restarts
		code    int
		byHand  bool
		want    container.Status
		count   int
	}{
		"no policy":              {"no", 0, 0, 1, false, container.Exited, 0},
		"always":                 {"always", 0, 3, 0, false, container.Restarting, 4},
		"stopped by hand":        {"always", 0, 3, 0, true, container.Exited, 3},
		"a failure":              {"on-failure", 0, 0, 1, false, container.Restarting, 1},
		"a success":              {"on-failure", 0, 0, 0, false, container.Exited, 0},
		"the last attempt":       {"on-failure", 2, 1, 1, false, container.Restarting, 2},
		"no more attempts":       {"on-failure", 2, 2, 1, false, container.Exited, 2},
		"unless it was stopped":  {"unless-stopped", 0, 0, 0, false, container.Restarting, 1},
		"unless it was, and was": {"unless-stopped", 0, 0, 0, true, container.Exited, 0},
	} {
		e := &Engine{containers: storeWith(t, &container.Record{
			ID: "c", Name: "c", RestartCount: c.before, ManuallyStopped: c.byHand, State: container.State{Status: container.Running},
			Host: container.HostConfig{RestartPolicy: container.RestartPolicy{Name: c.policy, MaximumRetryCount: c.retries}},
		})}
		r, err := e.recordEnd("c", shim.Exit{Code: c.code, At: time.Now()})
		if err != nil || r.State.Status != c.want || r.RestartCount != c.count {
			t.Errorf("%s: %s after %d restarts, want %s after %d; %v", name, r.State.Status, r.RestartCount, c.want, c.count, err)
		}
	}
}

func TestARestartIsDelayedLongerFromTimeToTime(t *testing.T) {
	for _, c := range []struct{ before, ran, want time.Duration }{
		{0, 0, 100 * time.Millisecond},
		{100 * time.Millisecond, time.Second, 200 * time.Millisecond},
		{800 * time.Millisecond, 9 * time.Second, 1600 * time.Millisecond},
		{40 * time.Second, 0, time.Minute},
		{time.Minute, 0, time.Minute},
		{time.Minute, 10 * time.Second, 100 * time.Millisecond}, // it ran for long
	} {
		if got := backoff(c.before, c.ran); got != c.want {
			t.Errorf("after %s, having run for %s: %s, want %s", c.before, c.ran, got, c.want)
		}
	}
}

func TestARunThatIsRenewedIsFollowedByAnother(t *testing.T) {
	for _, byHand := range []bool{false, true} {
		e := &Engine{containers: storeWith(t, &container.Record{
			ID: "c", Name: "c", ManuallyStopped: byHand, State: container.State{Status: container.Running, Live: &container.Live{Renew: true}},
		})}
		want := map[bool]container.Status{false: container.Restarting, true: container.Exited}[byHand]
		if r, err := e.recordEnd("c", shim.Exit{At: time.Now()}); err != nil || r.State.Status != want {
			t.Errorf("stopped by hand %t: %s, want %s; %v", byHand, r.State.Status, want, err)
		}
	}
}

// A rename is no reason to start a container sooner, a stop is one not to start it.
func TestWhoWaitsToBeStartedAgainIsNotHurriedByARename(t *testing.T) {
	store := storeWith(t, &container.Record{ID: "c", Name: "old", Backoff: time.Minute, State: container.State{Status: container.Restarting}})
	e := &Engine{containers: store, life: t.Context()}
	r, _ := store.Get("c")
	view, err := store.Watch("c")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan bool)
	go func() { started <- e.awaitRestart(view, r) }()
	if err := store.Rename("c", "new"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Change("c", stopByHand); err != nil {
		t.Fatal(err)
	}
	if <-started {
		t.Error("it is started")
	}
	if r, _ := store.Get("c"); r.State.Status != container.Exited {
		t.Errorf("it is %s after the stop", r.State.Status)
	}
}

// Who waits for a container not to run is told of an end also if he looks only when it has been started again.
func TestAnEndBeforeARestartIsAnEnd(t *testing.T) {
	store := storeWith(t, &container.Record{ID: "c", Name: "c", State: container.State{Status: container.Running}})
	e := &Engine{containers: store, life: t.Context()}
	results, err := e.Wait(t.Context(), "c", WaitNotRunning)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Change("c", func(r *container.Record) {
		r.State = container.State{Status: container.Running, FinishedAt: time.Now()}
	}); err != nil {
		t.Fatal(err)
	}
	if end := <-results; end.Err != nil {
		t.Error(end.Err)
	}
}

// storeWith gives a store of one container, which is on disk once it changes.
func storeWith(t *testing.T, r *container.Record) *container.Store {
	t.Helper()
	volatile, err := state.OpenVolatile(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	store, err := container.OpenStore(container.Keepers{Durable: volatile, Volatile: volatile, Health: volatile})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Hold(r); err != nil {
		t.Fatal(err)
	}
	return store
}

// A step of a build may have ended, and its shim with it, before the daemon could ask how.
func TestTheEndOfAStepWhoseShimIsGoneIsWhatThatHasWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "exit"), []byte("3 1000 true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &stepRunner{Engine: &Engine{log: slog.New(slog.DiscardHandler)}}
	exit := b.awaitStep(t.Context(), &liveStep{client: shim.At(dir)})
	if exit.Code != 3 || !exit.OOM {
		t.Errorf("it ended with %+v, want code 3 for lack of memory", exit)
	}
}
