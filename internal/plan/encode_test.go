package plan_test

import (
	"io"
	"reflect"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/plan"
)

func compile(t testing.TB, change func(s *specs.Spec, e *plan.Env)) *plan.Plan {
	t.Helper()
	s, e := container(), host()
	change(s, e)
	p, err := plan.Container(s, e)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDecodedIsWhatWasEncoded(t *testing.T) {
	for name, change := range goldens {
		p := compile(t, change)
		got, err := plan.Decode(p.Encode())
		if err != nil {
			t.Fatal(err)
		}
		var a, b strings.Builder
		p.Print(&a)
		got.Print(&b)
		if a.String() != b.String() || !reflect.DeepEqual(p.Relocs, got.Relocs) || string(p.Arena) != string(got.Arena) || p.Forks != got.Forks {
			t.Errorf("%s: the plan changed on its way", name)
		}
		for i := range p.Steps {
			if p.Steps[i].Warning != got.Steps[i].Warning || p.Steps[i].Fork != got.Steps[i].Fork {
				t.Errorf("%s: step %d changed on its way", name, i)
			}
		}
	}
}

func TestTornPlansAreRefused(t *testing.T) {
	whole := compile(t, goldens["default"]).Encode()
	for n := 0; n < len(whole); n += 97 {
		if _, err := plan.Decode(whole[:n]); err == nil {
			t.Fatalf("%d of %d bytes were taken for a plan", n, len(whole))
		}
	}
	whole[0]++
	if _, err := plan.Decode(whole); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("a plan of another version: %v", err)
	}
}

// FuzzDecode holds that whatever is decoded can be carried out without reading or writing outside of it: printing
// follows every pointer.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"default", "kernel-6.8", "cgroup-v2"} {
		f.Add(compile(f, goldens[name]).Encode())
	}
	f.Add(plan.Namespaces(true, true).Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := plan.Decode(data)
		if err != nil {
			return
		}
		if err := p.Print(io.Discard); err != nil {
			t.Error(err)
		}
		if again, err := plan.Decode(p.Encode()); err != nil || len(again.Steps) != len(p.Steps) {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
	})
}
