package engine

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/build"
	"tug/internal/container"
	"tug/internal/image"
	"tug/internal/oci"
	"tug/internal/plan"
	"tug/internal/shim"
)

// Exec implements build.Runner.
func (b *stepRunner) Exec(ctx context.Context, step string, p *build.Process, streams build.Streams) (build.Exit, error) {
	b.mu.Lock()
	live := b.running[step]
	b.mu.Unlock()
	if live == nil {
		return build.Exit{}, fmt.Errorf("the step of the build has ended: %w", errdefs.ErrNotFound)
	}
	compiled, err := b.planInStep(live, p, streams.Stdin != nil)
	if err != nil {
		return build.Exit{}, err
	}
	id := container.NewID()
	conn, err := live.client.Attach(shim.Attach{ID: id, Stdin: streams.Stdin != nil, Stdout: true, Stderr: true})
	if err != nil {
		return build.Exit{}, err
	}
	defer conn.Close()
	_, running, err := live.client.Exec(ctx, &shim.Exec{ID: id, Plan: compiled.Encode(), Process: shim.Streams{Terminal: p.Terminal, Stdin: streams.Stdin != nil, StdinOnce: true}})
	if err != nil {
		return build.Exit{}, b.stepError(ctx, err, live.record)
	}
	talk := converse(ctx, conn, live.client, id, p.Terminal, streams)
	defer context.AfterFunc(ctx, func() { _ = live.client.Signal(context.WithoutCancel(ctx), id, unix.SIGKILL) })()
	exit, err := running.Wait(context.WithoutCancel(ctx))
	talk()
	return build.Exit{Code: exit.Code, OOM: exit.OOM}, err
}

// planInStep compiles the plan of one more process in a step.
func (b *stepRunner) planInStep(live *liveStep, p *build.Process, stdin bool) (*plan.Plan, error) {
	r, step := live.record.Clone(), *live.step
	r.Mounts, step.Mounts = nil, nil // it finds them there
	prep, err := b.prepareStep(r, &step, live.idBase, live.group)
	if err != nil {
		return nil, err
	}
	if prep.spec.Linux.Namespaces, err = namespacesOf(live.pid); err != nil {
		return nil, err
	}
	_, layers, err := stepRoot(b.images.Store().Base(), b.dir(r.ID), step.Root)
	if err != nil {
		return nil, err
	}
	user, err := b.user(r, image.Rootfs{Base: b.images.Store().Base(), Layers: layers}, p.User)
	if err != nil {
		return nil, err
	}
	process := *prep.spec.Process
	process.Args, process.Terminal = p.Args, p.Terminal
	if p.Dir != "" {
		process.Cwd = p.Dir
	}
	process.User = specs.User{UID: user.UID, GID: user.GID, AdditionalGids: user.Groups}
	process.Env = oci.Environment(p.Env, prep.spec.Hostname, user.Home, p.Terminal)
	prep.env.OpenStdin = stdin
	return plan.Exec(prep.spec, &process, &prep.env)
}
