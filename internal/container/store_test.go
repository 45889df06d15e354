package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
)

// shelfKeeper keeps records in memory, as JSON, and fails when it is told to.
type shelfKeeper struct {
	mu   sync.Mutex
	kept map[string][]byte
	fail error
}

func newKeeper() *shelfKeeper { return &shelfKeeper{kept: map[string][]byte{}} }

func (k *shelfKeeper) Put(key string, v any) error {
	data, err := json.Marshal(v)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err = errors.Join(err, k.fail); err == nil {
		k.kept[key] = data
	}
	return err
}

func (k *shelfKeeper) Delete(key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.kept, key)
	return k.fail
}

func (k *shelfKeeper) Load(fn func(key string, decode func(v any) error) error) error {
	for key, data := range k.kept {
		if err := fn(key, func(v any) error { return json.Unmarshal(data, v) }); err != nil {
			return err
		}
	}
	return nil
}

func (k *shelfKeeper) keys() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var keys []string
	for key := range k.kept {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func open(t *testing.T, k Keepers) *Store {
	t.Helper()
	s, err := OpenStore(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReferences(t *testing.T) {
	s := open(t, Keepers{newKeeper(), newKeeper(), newKeeper()})
	for _, r := range []*Record{{ID: "aa11", Name: "web", Host: HostConfig{Links: []string{"cc33:store", "dead:gone"}}}, {ID: "ab22", Name: "aa"}, {ID: "cc33", Name: "db"}} {
		if err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string]string{
		"aa11": "aa11", "web": "aa11", "/web": "aa11", "aa": "ab22", "c": "cc33", "ab2": "ab22",
		"web/store": "cc33", "/web/store": "cc33",
	} {
		if r, err := s.Get(ref); err != nil || r.ID != want {
			t.Errorf("%s: got %v, %v", ref, r, err)
		}
	}
	if _, err := s.Get("a"); !errdefs.IsInvalidArgument(err) {
		t.Errorf("an ambiguous prefix: %v", err)
	}
	for _, ref := range []string{"", "/", "zz", "aa111", "web/", "web/gone", "web/stor", "web/store/", "aa/store", "aa11/store"} {
		if _, err := s.Get(ref); !errdefs.IsNotFound(err) {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	s := open(t, Keepers{newKeeper(), newKeeper(), newKeeper()})
	if err := s.Add(&Record{ID: "a1", Name: "web"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(&Record{ID: "b2", Name: "web"}); !errdefs.IsConflict(err) {
		t.Errorf("a second container of that name: %v", err)
	}
	if err := s.Add(&Record{ID: "b2", Name: "db"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename("b2", "web"); !errdefs.IsConflict(err) {
		t.Errorf("renamed to a name that is taken: %v", err)
	}
	if err := s.Rename("a1", "front"); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename("b2", "web"); err != nil {
		t.Errorf("the old name is not free: %v", err)
	}
	if err := s.Rename("zz", "ghost"); !errdefs.IsNotFound(err) {
		t.Errorf("renamed what is not there: %v", err)
	}
	if err := s.Add(&Record{ID: "c3", Name: "ghost"}); err != nil {
		t.Errorf("the name of a rename that failed is not free: %v", err)
	}
}

// TestRecordsComeBack opens a store again, with --rm containers kept apart.
func TestRecordsComeBack(t *testing.T) {
	durable, volatile := newKeeper(), newKeeper()
	s := open(t, Keepers{durable, volatile, newKeeper()})
	masked := &Record{ID: "a1", Name: "web", Host: HostConfig{MaskedPaths: []string{}}}
	for _, r := range []*Record{masked, {ID: "b2", Name: "once", Host: HostConfig{AutoRemove: true}}} {
		if err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if d, v := durable.keys(), volatile.keys(); !slices.Equal(d, []string{"a1"}) || !slices.Equal(v, []string{"b2"}) {
		t.Fatalf("durable %v, volatile %v", d, v)
	}
	again := open(t, Keepers{durable, volatile, newKeeper()})
	r, err := again.Get("web")
	if err != nil || r.Host.MaskedPaths == nil || r.Host.ReadonlyPaths != nil {
		t.Errorf("no masked paths came back as %v, the default ones as %v, %v", r.Host.MaskedPaths, r.Host.ReadonlyPaths, err)
	}
}

// TestWhatCannotBeKeptIsNotThere holds that memory never says what the disk does not.
func TestWhatCannotBeKeptIsNotThere(t *testing.T) {
	k := newKeeper()
	s := open(t, Keepers{k, newKeeper(), newKeeper()})
	if err := s.Add(&Record{ID: "a1", Name: "web"}); err != nil {
		t.Fatal(err)
	}
	k.fail = errors.New("disk full")
	if err := s.Add(&Record{ID: "b2", Name: "db"}); !errors.Is(err, k.fail) {
		t.Errorf("add: %v", err)
	}
	if _, err := s.Get("db"); !errdefs.IsNotFound(err) {
		t.Errorf("it is there: %v", err)
	}
	if _, err := s.Change("a1", func(r *Record) { r.State.Status = Running }); !errors.Is(err, k.fail) {
		t.Errorf("change: %v", err)
	}
	if r, _ := s.Get("a1"); r.State.Status == Running {
		t.Error("the change is there")
	}
	if err := s.Rename("a1", "front"); !errors.Is(err, k.fail) {
		t.Errorf("rename: %v", err)
	}
	if r, err := s.Get("web"); err != nil || r.Name != "web" {
		t.Errorf("the old name: %v, %v", r, err)
	}
	if _, err := s.Get("front"); !errdefs.IsNotFound(err) {
		t.Errorf("the new name: %v", err)
	}
}

// TestChangedRecordIsACopy holds that a record once given never changes.
func TestChangedRecordIsACopy(t *testing.T) {
	s := open(t, Keepers{newKeeper(), newKeeper(), newKeeper()})
	if err := s.Add(&Record{ID: "a1", Name: "web", State: State{Live: &Live{IDBase: 1}, Health: &Health{Log: []HealthResult{{ExitCode: 1}}}}}); err != nil {
		t.Fatal(err)
	}
	before, _ := s.Get("a1")
	if _, err := s.Change("a1", func(r *Record) {
		r.State.Live.IDBase, r.State.Health.Log[0].ExitCode, r.State.Status = 2, 2, Running
	}); err != nil {
		t.Fatal(err)
	}
	if before.State.Live.IDBase != 1 || before.State.Health.Log[0].ExitCode != 1 || before.State.Status == Running {
		t.Errorf("changed in place: %+v", before.State)
	}
}

func TestClaimIsHeldByOne(t *testing.T) {
	s := open(t, Keepers{newKeeper(), newKeeper(), newKeeper()})
	r := &Record{ID: "a1", Name: "web"}
	if err := s.Add(r); err != nil {
		t.Fatal(err)
	}
	_, release, err := s.Claim(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Claim(impatient, "web"); !errors.Is(err, context.Canceled) {
		t.Errorf("a second claim: %v", err)
	}
	// Who waits for one that is removed meanwhile is told so.
	waited := make(chan error)
	go func() {
		_, _, err := s.Claim(t.Context(), "a1")
		waited <- err
	}()
	if err := s.Remove(r); err != nil {
		t.Fatal(err)
	}
	release()
	if err := <-waited; !errdefs.IsNotFound(err) {
		t.Errorf("claimed what was removed: %v", err)
	}
}

func TestWatchSeesTheRemoval(t *testing.T) {
	s := open(t, Keepers{newKeeper(), newKeeper(), newKeeper()})
	r := &Record{ID: "a1", Name: "web"}
	if err := s.Add(r); err != nil {
		t.Fatal(err)
	}
	w, err := s.Watch("web")
	if err != nil {
		t.Fatal(err)
	}
	_, changed, _ := w.Look()
	if _, err := s.Change("a1", func(r *Record) { r.State.ExitCode = 3 }); err != nil {
		t.Fatal(err)
	}
	<-changed
	last, changed, removed := w.Look()
	if last.State.ExitCode != 3 || removed {
		t.Errorf("got %+v, removed %t", last.State, removed)
	}
	if err := s.Remove(last); err != nil {
		t.Fatal(err)
	}
	<-changed
	if last, _, removed := w.Look(); !removed || last.State.ExitCode != 3 {
		t.Errorf("got %+v, removed %t", last.State, removed)
	}
	if _, err := s.Change("a1", func(*Record) {}); !errdefs.IsNotFound(err) {
		t.Errorf("changed what was removed: %v", err)
	}
}

// TestManyAtOnce adds, renames, changes, watches, reads and removes from many sides; run it with -race. In the end
// memory and disk agree, and every name is free.
func TestManyAtOnce(t *testing.T) {
	k := newKeeper()
	s := open(t, Keepers{k, newKeeper(), newKeeper()})
	const containers, names = 16, 5
	var all sync.WaitGroup
	for i := range containers {
		id := fmt.Sprintf("%02x", i)
		all.Go(func() {
			for round := range 60 {
				if s.Add(&Record{ID: id, Name: fmt.Sprint("own", id)}) != nil {
					t.Error("its own name was taken")
					return
				}
				r, release, err := s.Claim(t.Context(), id)
				if err != nil {
					t.Error(err)
					return
				}
				s.Rename(id, fmt.Sprint("shared", round%names))
				if _, err := s.Change(id, func(r *Record) { r.RestartCount++ }); err != nil {
					t.Error(err)
				}
				if err := s.Remove(r); err != nil {
					t.Error(err)
				}
				release()
			}
		})
		all.Go(func() {
			for round := range 200 {
				if r, err := s.Get(fmt.Sprint("shared", round%names)); err == nil && r == nil {
					t.Error("neither a record nor an error")
				}
				s.Rename(id, fmt.Sprint("shared", (round+i)%names))
				if w, err := s.Watch(id); err == nil {
					w.Look()
				}
				s.List()
			}
		})
	}
	all.Wait()
	if list, kept := s.List(), k.keys(); len(list) > 0 || len(kept) > 0 {
		t.Errorf("left in memory: %d, on disk: %v", len(list), kept)
	}
	for i := range names {
		if err := s.Add(&Record{ID: fmt.Sprint("new", i), Name: fmt.Sprint("shared", i)}); err != nil {
			t.Errorf("a name is not free: %v", err)
		}
	}
}
