package build

import (
	"log/slog"
	"testing"

	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/identity"
)

// TestTheProgressOfASolveThatIsOverIsTold: a solve may end before its progress was found.
func TestTheProgressOfASolveThatIsOverIsTold(t *testing.T) {
	b, err := New(t.Context(), Settings{Root: t.TempDir(), Store: openStore(t, t.TempDir()), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	back, err := b.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := back.context(t.Context())
	defer cancel()
	def, err := llb.Scratch().File(llb.Mkfile("/made", 0o644, []byte("by the solve"))).Marshal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ended := func(to map[string]bool) func(*controlapi.StatusResponse) {
		return func(s *controlapi.StatusResponse) {
			for _, v := range s.Vertexes {
				if v.Completed != nil {
					to[v.Name] = true
				}
			}
		}
	}
	live, later, never := map[string]bool{}, map[string]bool{}, map[string]bool{}
	r := &controlapi.SolveRequest{Ref: identity.NewID(), Definition: def.ToPB(), Cache: &controlapi.CacheOptions{}}
	if _, err := back.solve(ctx, r, ended(live)); err != nil {
		t.Fatal(err)
	}
	back.replay(ctx, r.Ref, ended(later))
	if !live["mkfile /made"] || !later["mkfile /made"] {
		t.Errorf("while it went on it told of the end of %v, later of %v", live, later)
	}
	back.replay(ctx, identity.NewID(), ended(never))
	if len(never) > 0 {
		t.Errorf("of one that never was it tells %v", never)
	}
}
