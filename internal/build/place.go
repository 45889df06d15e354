package build

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/executor"
	"github.com/moby/buildkit/frontend"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/solver/pb"

	"tug/internal/stepplace"
)

// A definition may come from whoever wrote a Dockerfile, or the program that reads it, but where a step runs, in which network and below which
// cgroup, is for who asks for the build to say. So each request has its places: the one that it names, and those of its inputs, which earlier
// builds of the same client have made. Whatever is to be solved for the request, by its client or by a frontend, may name no others.

// parentAttr is what the frontend for Dockerfiles calls a build's cgroup parent.
const parentAttr = "cgroup-parent"

// places are those of a request, as package stepplace writes them.
type places map[string]bool

// admit gives the places of a client's request. Errors: InvalidArgument.
func admit(attrs map[string]string, inputs map[string]*pb.Definition) (places, error) {
	p := places{"": true, attrs[parentAttr]: true}
	for _, def := range inputs {
		err := eachPlace(def, func(text string) error {
			p[text] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for text := range p {
		if _, _, err := stepplace.Parse(text); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// admitOwn refuses a client's request that names bad places, or whose own definition names others. Errors: InvalidArgument, PermissionDenied.
func admitOwn(attrs map[string]string, inputs map[string]*pb.Definition, def *pb.Definition) error {
	p, err := admit(attrs, inputs)
	if err != nil {
		return err
	}
	return eachPlace(def, p.check)
}

// check refuses a place that the request does not have. Errors: PermissionDenied.
func (p places) check(text string) error {
	if p[text] {
		return nil
	}
	return fmt.Errorf("a step names a network or a cgroup parent (%q) that who asked for the build has not named: %w", text, errdefs.ErrPermissionDenied)
}

// eachPlace calls fn with the place of each step of a definition, which may be nil.
func eachPlace(def *pb.Definition, fn func(text string) error) error {
	for _, text := range def.GetDef() {
		var op pb.Op
		if err := op.UnmarshalVT(text); err != nil {
			return fmt.Errorf("read a build's definition: %w: %w", err, errdefs.ErrInvalidArgument)
		}
		if err := fn(op.GetExec().GetMeta().GetCgroupParent()); err != nil {
			return err
		}
	}
	return nil
}

// confined is a frontend whose steps run in the places of its request alone.
type confined struct{ frontend.Frontend }

// Solve implements frontend.Frontend. What a client has asked for was admitted before, and what a frontend asks for was checked.
func (c confined) Solve(ctx context.Context, bridge frontend.FrontendLLBBridge, exec executor.Executor, attrs map[string]string, inputs map[string]*pb.Definition, sid string, sm *session.Manager) (*frontend.Result, error) {
	p, err := admit(attrs, inputs)
	if err != nil {
		return nil, err
	}
	return c.Frontend.Solve(ctx, &confinedBridge{bridge, p}, exec, attrs, inputs, sid, sm)
}

// confinedBridge is what a frontend has solved through.
type confinedBridge struct {
	frontend.FrontendLLBBridge
	places places
}

// Solve implements frontend.FrontendLLBBridge.
func (c *confinedBridge) Solve(ctx context.Context, r frontend.SolveRequest, sid string) (*frontend.Result, error) {
	if err := c.places.check(r.FrontendOpt[parentAttr]); err != nil {
		return nil, err
	}
	if err := eachPlace(r.Definition, c.places.check); err != nil {
		return nil, err
	}
	for _, def := range r.FrontendInputs {
		if err := eachPlace(def, c.places.check); err != nil {
			return nil, err
		}
	}
	return c.FrontendLLBBridge.Solve(ctx, r, sid)
}

// placeless is what a step has solved through whose files are a definition: that names no place.
func placeless(bridge frontend.FrontendLLBBridge) frontend.FrontendLLBBridge {
	return &confinedBridge{bridge, places{"": true}}
}
