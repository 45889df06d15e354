package build

import (
	"context"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/executor"
	"github.com/moby/buildkit/frontend"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/solver/pb"

	"tug/internal/stepplace"
)

// definition is that of a step in a place.
func definition(t *testing.T, place string) *pb.Definition {
	t.Helper()
	step := llb.Scratch().Run(llb.Args([]string{"true"}), llb.WithCgroupParent(place)).Root()
	def, err := step.File(llb.Mkdir("/after", 0o755)).Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	return def.ToPB()
}

// asking is a frontend that has requests solved.
type asking []frontend.SolveRequest

func (a asking) Solve(ctx context.Context, bridge frontend.FrontendLLBBridge, _ executor.Executor, _ map[string]string, _ map[string]*pb.Definition, sid string, _ *session.Manager) (*frontend.Result, error) {
	for _, r := range a {
		if _, err := bridge.Solve(ctx, r, sid); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// solved counts what is solved.
type solved struct {
	frontend.FrontendLLBBridge
	n int
}

func (s *solved) Solve(context.Context, frontend.SolveRequest, string) (*frontend.Result, error) {
	s.n++
	return nil, nil
}

var (
	mine    = stepplace.Text("mine", "")
	mineToo = stepplace.Text("mine", "/p")
)

// Whoever writes a frontend knows how places are written, and may know those of earlier builds.
func TestWhatAFrontendHasSolvedRunsWhereItsRequestSays(t *testing.T) {
	for name, c := range map[string]struct {
		place string // of the request
		input string // the place of an input of the request
		asks  frontend.SolveRequest
		ok    bool
	}{
		"the request's network":                   {place: mine, asks: frontend.SolveRequest{Definition: definition(t, mine)}, ok: true},
		"the request's cgroup parent":             {place: "/p", asks: frontend.SolveRequest{Definition: definition(t, "/p")}, ok: true},
		"no place":                                {place: mine, asks: frontend.SolveRequest{Definition: definition(t, "")}, ok: true},
		"the place of an input":                   {input: mine, asks: frontend.SolveRequest{Definition: definition(t, mine)}, ok: true},
		"another frontend in the request's place": {place: mine, asks: frontend.SolveRequest{Frontend: "dockerfile.v0", FrontendOpt: map[string]string{parentAttr: mine}}, ok: true},
		"a network of an earlier build":           {asks: frontend.SolveRequest{Definition: definition(t, mine)}},
		"a cgroup parent":                         {asks: frontend.SolveRequest{Definition: definition(t, "/")}},
		"another cgroup parent":                   {place: "/p", asks: frontend.SolveRequest{Definition: definition(t, "/p/..")}},
		"a cgroup parent beside the network":      {place: mine, asks: frontend.SolveRequest{Definition: definition(t, mineToo)}},
		"another frontend in a place of its own":  {asks: frontend.SolveRequest{Frontend: "dockerfile.v0", FrontendOpt: map[string]string{parentAttr: mine}}},
		"another frontend with a place in an input": {asks: frontend.SolveRequest{
			Frontend: "dockerfile.v0", FrontendInputs: map[string]*pb.Definition{"context": definition(t, mine)},
		}},
	} {
		var bridge solved
		inputs := map[string]*pb.Definition{}
		if c.input != "" {
			inputs["context"] = definition(t, c.input)
		}
		_, err := confined{asking{c.asks}}.Solve(t.Context(), &bridge, nil, map[string]string{parentAttr: c.place}, inputs, "", nil)
		if c.ok && (err != nil || bridge.n != 1) || !c.ok && (!errdefs.IsPermissionDenied(err) || bridge.n != 0) {
			t.Errorf("%s: %v, solved %d", name, err, bridge.n)
		}
	}
}

func TestAClientsDefinitionRunsWhereItsRequestSays(t *testing.T) {
	for name, c := range map[string]struct {
		attr, place, input string
		refused            func(error) bool // nil: it is not
	}{
		"its own network":                {attr: mine, place: mine},
		"no place":                       {attr: mine},
		"what it says of its input":      {input: mine, place: mine},
		"a network that it has not said": {place: mine, refused: errdefs.IsPermissionDenied},
		"another network":                {attr: stepplace.Text("other", ""), place: mine, refused: errdefs.IsPermissionDenied},
		"a cgroup parent":                {place: "/", refused: errdefs.IsPermissionDenied},
		"the host's network":             {attr: stepplace.Text("host", ""), refused: errdefs.IsInvalidArgument},
		"the host's network in an input": {input: stepplace.Text("host", ""), refused: errdefs.IsInvalidArgument},
	} {
		inputs := map[string]*pb.Definition{"context": definition(t, c.input)}
		err := admitOwn(map[string]string{parentAttr: c.attr}, inputs, definition(t, c.place))
		if c.refused == nil && err != nil || c.refused != nil && !c.refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADefinitionThatAStepHasMadeNamesNoPlace(t *testing.T) {
	var bridge solved
	_, err := placeless(&bridge).Solve(t.Context(), frontend.SolveRequest{Definition: definition(t, mine)}, "")
	if !errdefs.IsPermissionDenied(err) || bridge.n != 0 {
		t.Errorf("%v, solved %d", err, bridge.n)
	}
}

func TestADefinitionThatCannotBeReadIsRefused(t *testing.T) {
	if err := admitOwn(nil, nil, &pb.Definition{Def: [][]byte{{0xff}}}); !errdefs.IsInvalidArgument(err) {
		t.Error(err)
	}
}
