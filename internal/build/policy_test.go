package build

import (
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
)

func TestTheCacheHasABudgetByDefault(t *testing.T) {
	list := new(GC).policy(t.TempDir())
	budget, free := budgetOf(t.TempDir())
	if len(list) != 4 || budget <= 0 || free <= 0 {
		t.Fatalf("%d rules, a budget of %d bytes, %d free", len(list), budget, free)
	}
	for i, r := range list[1:] {
		if r.MaxUsedSpace != budget || r.MinFreeSpace != free || r.ReservedSpace != budget/4 {
			t.Errorf("rule %d: %+v, want at most %d bytes, a quarter of that in any case, and %d free", i+1, r, budget, free)
		}
	}
	if !list[3].All || list[2].All || list[0].MaxUsedSpace != budget/4 {
		t.Errorf("got %+v", list)
	}
}

func TestWhatIsSetOfTheBudgetHolds(t *testing.T) {
	g := &GC{Default: Budget{Reserved: 100, MaxUsed: 200, MinFree: 300}}
	if r := g.policy(t.TempDir())[3]; r.ReservedSpace != 100 || r.MaxUsedSpace != 200 || r.MinFreeSpace != 300 {
		t.Errorf("got %+v", r)
	}
	g = &GC{Rules: []PruneOptions{{All: true, KeepDuration: day, Matching: []string{"shared", "inuse"}, Budget: Budget{MaxUsed: 5}}}}
	want := []client.PruneInfo{{All: true, KeepDuration: day, Filter: []string{"shared,inuse"}, MaxUsedSpace: 5}}
	if d := cmp.Diff(want, g.policy(t.TempDir())); d != "" {
		t.Error(d)
	}
	if list := (&GC{Off: true}).policy(t.TempDir()); list != nil {
		t.Errorf("a collection that is off has the rules %+v", list)
	}
}

func TestConditionsOfWhatGoes(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"id", "abc", `id~="abc"`},
		{"type", "regular", `type=="regular"`},
		{"description", `a",type==b`, `description=="a\",type==b"`},
		{"shared", "true", "shared"},
		{"shared", "0", "private"},
		{"private", "false", "shared"},
		{"inuse", "1", "inuse"},
		{"inuse", "false", ""},
	} {
		o := new(PruneOptions)
		if err := o.Where(c.key, c.value); err != nil {
			t.Errorf("%s=%s: %v", c.key, c.value, err)
		} else if got := append(o.Matching, "")[0]; got != c.want {
			t.Errorf("%s=%s is %s, want %s", c.key, c.value, got, c.want)
		}
	}
	for key, value := range map[string]string{"shared": "maybe", "label": "a"} {
		if err := new(PruneOptions).Where(key, value); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s=%s: %v, want an invalid argument", key, value, err)
		}
	}
}
