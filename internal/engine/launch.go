package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/ociruntime"
	"tug/internal/plan"
	"tug/internal/shim"
	"tug/internal/slot"
	"tug/internal/undo"
)

// launch brings the container to life: it gives it a slot, its networks and its cgroup, compiles the plan and has the
// slot's shim carry it out. What it made is undone if it fails.
func (e *Engine) launch(ctx context.Context, r *container.Record) (_ *run, live *container.Live, err error) {
	var undo undo.Stack
	defer undo.OnError(&err)

	if err := e.readySources(ctx, r.Mounts); err != nil {
		return nil, nil, err
	}
	berth, err := e.slots.take(ctx, e.wants(r))
	if err != nil {
		return nil, nil, err
	}
	undo.Add(func() { e.slots.discard(berth) })

	// What takes its time goes on beside the rest: the cgroup, and the clients that wait.
	var attached sync.WaitGroup
	attached.Go(func() { e.connectWaiting(r.ID, berth.Shim) })
	defer attached.Wait() // before the shim is discarded
	if err := e.useVolumes(ctx, r, &undo); err != nil {
		return nil, nil, err
	}
	group := e.cgroups.Open(e.cgroupParent(r), r.ID)
	p, err := e.prepare(ctx, r, berth.IDBase, group)
	if err != nil {
		return nil, nil, err
	}
	grouped := async(func() error {
		g, err := e.cgroups.Create(e.cgroupParent(r), r.ID, p.spec.Linux.Resources)
		if err != nil || !p.delegated {
			return err
		}
		if err := g.Delegate(int(p.env.IDBase), int(p.env.IDBase)); err != nil {
			return errors.Join(err, g.Delete())
		}
		return nil
	})
	undo.Add(func() {
		if grouped() == nil {
			e.endGroup(group)
		}
	})

	endpoints, err := e.connect(ctx, r, berth, &undo)
	if err != nil {
		return nil, nil, err
	}
	published, err := e.publishPorts(ctx, r, endpoints, &undo)
	if err != nil {
		return nil, nil, err
	}
	defer closeAll(published.Sockets)
	if err := e.writeFiles(r, endpoints); err != nil {
		return nil, nil, err
	}
	compiled, handed, err := e.compile(r, p, ociruntime.Places{UserNS: berth.Paths.User, NetNS: berth.Paths.Net})
	if err != nil {
		return nil, nil, err
	}
	attached.Wait()
	if err := grouped(); err != nil {
		return nil, nil, err
	}
	request, err := e.request(r, compiled, group)
	if err != nil {
		return nil, nil, err
	}
	request.Runtime, request.Forwards = handed, forwards(published)
	proc, err := berth.Shim.Run(ctx, request, published.Sockets)
	if err != nil {
		return nil, nil, e.startError(ctx, err, r)
	}
	berth.Used()

	live = &container.Live{ShimDir: berth.Dir, Cgroup: e.cgroupParent(r), IDBase: berth.IDBase, Ports: shownPorts(published.Ports)}
	if r.Host.CgroupParent != "" {
		live.Parents = e.cgroups.Made(live.Cgroup)
	}
	if live.Endpoints, err = json.Marshal(liveEndpoints{endpoints, published.Ports}); err != nil {
		return nil, nil, err
	}
	made := &run{client: berth.Shim, endpoints: endpoints, ports: published.Ports, group: group, pid: proc.Pid, started: proc.Started, idBase: berth.IDBase, warnings: proc.Warnings, exited: make(chan struct{})}
	return made, live, nil
}

// async begins f and gives a function that waits for its error.
func async(f func() error) (wait func() error) {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return sync.OnceValue(func() error { return <-done })
}

// liveEndpoints is what is kept on disk of a run's networks, for the next daemon.
type liveEndpoints struct {
	Endpoints []*network.Endpoint
	Ports     []network.PortBinding
}

// wants tells what kind of slot a container needs.
func (e *Engine) wants(r *container.Record) want {
	h := &r.Host
	_, shared := joined(h.NetworkMode)
	own := h.NetworkMode != "host" && !shared
	w := want{Kind: slot.Kind{UserNS: e.isolated(h), Network: own}}
	if owner, joins := e.joinsUser(h); joins {
		w.UserNS = false
		if o, err := e.containers.Get(owner); err == nil && own && o.IsRunning() {
			w.Owner = fmt.Sprintf("/proc/%d/ns/user", o.State.Pid)
		}
	}
	w.bridge = own && !r.Config.NetworkDisabled && e.Bridge != "none" && plainEndpoint(r) &&
		slices.Equal(e.networksOf(r), []string{network.NameBridge})
	return w
}

// joinsUser tells whether a container shares the user namespace of another.
func (e *Engine) joinsUser(h *container.HostConfig) (owner string, ok bool) {
	for _, m := range []string{h.NetworkMode, h.IpcMode, h.PidMode} {
		if owner, ok := joined(m); ok && e.isolated(h) {
			return owner, true
		}
	}
	return "", false
}

// plainEndpoint tells whether nothing special was asked for on the default bridge.
func plainEndpoint(r *container.Record) bool {
	for _, n := range r.Networks {
		if n.MAC != "" || n.IPv4 != "" || n.IPv6 != "" || len(n.LinkLocal) > 0 || len(n.DriverOpts) > 0 {
			return false
		}
	}
	return true
}

func (e *Engine) cgroupParent(r *container.Record) string {
	if p := r.Host.CgroupParent; p != "" {
		return absoluteParent(p)
	}
	return e.CgroupParent
}

// absoluteParent is a cgroup parent from the root on, as Docker's users may leave that out; a slice of systemd has a name.
func absoluteParent(parent string) string {
	if strings.HasPrefix(parent, "/") || strings.HasSuffix(parent, ".slice") {
		return parent
	}
	return "/" + parent
}

// request says to the shim what to run and where its output goes.
func (e *Engine) request(r *container.Record, p *plan.Plan, group *cgroup.Group) (*shim.Run, error) {
	log, err := e.logOptions(r)
	if err != nil {
		return nil, err
	}
	return &shim.Run{
		Container: r.ID, Plan: p.Encode(), Log: log, OOMFile: group.OOMFile(),
		Process: shim.Streams{
			Terminal: r.Config.Tty, Height: int(r.Host.ConsoleSize[0]), Width: int(r.Host.ConsoleSize[1]),
			Stdin: r.Config.OpenStdin, StdinOnce: r.Config.StdinOnce,
		},
	}, nil
}

// startError turns the shim's word of a failed step into what Docker's clients expect to read: the command line tells
// its exit code by it (127: there is no such program, 126: it cannot be executed).
func (e *Engine) startError(ctx context.Context, err error, r *container.Record) error {
	f := new(shim.Failure)
	if !errors.As(err, &f) {
		return err
	}
	const prefix = "failed to create task for container: failed to create shim task: OCI runtime create failed: "
	if isHanded(r) {
		return runtimeError(prefix, r.Host.Runtime, err)
	}
	if limit := r.Host.PidsLimit; limit != nil && *limit > 0 && isErrno(f, eagain) {
		return &StartError{invalid("%s%v: its limit of %d processes (--pids-limit) is too low to start it", prefix, f, *limit)}
	}
	return &StartError{e.execError(ctx, prefix+"unable to start container process: ", f, r, r.Config.WorkingDir, r.Path)}
}

// execError gives the words for a step that failed, of the start of a program in the folder dir of a container.
func (e *Engine) execError(ctx context.Context, prefix string, f *shim.Failure, r *container.Record, dir, program string) error {
	if !strings.HasPrefix(f.Note, plan.ExecNote) {
		if isBind := strings.HasPrefix(f.Note, "mount /"); isBind && (isErrno(f, enotdir) || isErrno(f, einval)) {
			return fmt.Errorf("%s%w: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type: %w", prefix, f, errdefs.ErrInvalidArgument)
		}
		if advice := ulimitAdvice(f); advice != "" {
			return invalid("%s%v: %s", prefix, f, advice)
		}
		return fmt.Errorf("%s%w: %w", prefix, f, classOf(f))
	}
	return e.notExecuted(ctx, prefix, f, r, dir, program)
}

func classOf(f *shim.Failure) error {
	if isErrno(f, enoent) || isErrno(f, enotdir) {
		return errdefs.ErrInvalidArgument
	}
	return errdefs.ErrInternal
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// endGroup ends all processes of a container's cgroup and removes it. What a shim that was killed has forked may come into
// it between the two.
func (e *Engine) endGroup(g *cgroup.Group) {
	var err error
	for range 3 {
		e.killGroup(g)
		if err = g.Delete(); err == nil {
			e.leaveParent(g)
			return
		}
	}
	e.log.Warn("remove a cgroup", "cgroup", g.Path(), "error", err)
}

// leaveParent removes the parent that a container's group had for itself, if the engine made it and nothing is below it
// any more.
func (e *Engine) leaveParent(g *cgroup.Group) {
	if g.Parent() == e.cgroups.Open(e.CgroupParent, "").Path() {
		return
	}
	if err := e.cgroups.RemoveParent(g.Parent()); err != nil {
		e.log.Warn("remove a cgroup", "cgroup", g.Parent(), "error", err)
	}
}

// throwAway moves a container's folder out of the way and removes it in the background.
func (e *Engine) throwAway(id string) {
	trash := filepath.Join(e.dataRoot, "trash", fmt.Sprintf("%s-%d", id, time.Now().UnixNano()))
	if err := os.Rename(e.dir(id), trash); err != nil {
		if !os.IsNotExist(err) {
			e.log.Warn("remove the container's folder", "container", id, "error", err)
		}
		return
	}
	e.work.Go(func() {
		if err := os.RemoveAll(trash); err != nil {
			e.log.Warn("empty the trash", "folder", trash, "error", err)
		}
	})
}
