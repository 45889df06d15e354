package engine

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/shim"
)

// adoption is a container that an earlier daemon started; dead tells how it ended meanwhile, or nil.
type adoption struct {
	id   string
	run  *run
	dead *shim.Exit
}

// helloTimeout is how long a shim may take to say who it is.
const helloTimeout = 5 * time.Second

// adoptOne finds the shim of a container that was running when the last daemon ended.
func (e *Engine) adoptOne(ctx context.Context, r *container.Record) (adoption, error) {
	live := r.State.Live
	var kept liveEndpoints
	if err := json.Unmarshal(live.Endpoints, &kept); err != nil {
		return adoption{}, err
	}
	run := &run{
		client: shim.At(live.ShimDir), endpoints: kept.Endpoints, ports: kept.Ports, group: e.cgroups.Open(live.Cgroup, r.ID),
		pid: r.State.Pid, started: r.State.StartedAt, idBase: live.IDBase, exited: make(chan struct{}),
	}
	if live.IDBase != 0 {
		if err := e.ids.Reserve(live.IDBase); err != nil {
			e.log.Warn("adopt", "container", r.ID, "error", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	a := adoption{id: r.ID, run: run}
	hello, err := run.client.Hello(ctx)
	switch {
	case err == nil && hello.Container == r.ID && !hello.Exited:
	case err == nil && hello.Container == r.ID:
		a.dead = &hello.Exit
	default:
		exit := e.afterShim(run, err)
		a.dead = &exit
	}
	return a, nil
}

// adoptNetworks tells the networks what is alive, so that its addresses, ports and rules stay.
func (e *Engine) adoptNetworks(lives []adoption) {
	var endpoints []*network.Endpoint
	ports := map[string][]network.PortBinding{}
	for _, a := range lives {
		endpoints = append(endpoints, a.run.endpoints...)
		if len(a.run.endpoints) > 0 && len(a.run.ports) > 0 {
			ports[a.run.endpoints[0].ID] = a.run.ports
		}
	}
	e.networks.Adopt(endpoints, ports)
}

// sweep removes what belongs to no container: shims that were kept ready, veths and rules, folders, cgroups, and half
// of a start that a crash has interrupted.
func (e *Engine) sweep(adopted map[string]bool) {
	if err := e.networks.Sweep(); err != nil {
		e.log.Warn("sweep the networks", "error", err)
	}
	folders, err := e.maker.Folders()
	if err != nil {
		e.log.Warn("sweep the shims", "error", err)
	}
	for _, dir := range folders {
		if !adopted[dir] {
			e.sweepShim(dir)
		}
	}
	e.sweepContainers()
}

// sweepShim ends a shim that no record knows, with the container that it may have started just before the crash.
func (e *Engine) sweepShim(dir string) {
	ctx, cancel := context.WithTimeout(e.life, helloTimeout)
	defer cancel()
	client := shim.At(dir)
	if hello, err := client.Hello(ctx); err == nil {
		if hello.Pid != 0 && !hello.Exited {
			client.Signal(ctx, "", unix.SIGKILL)
			client.Wait(ctx, "")
		}
		client.Quit(ctx)
	}
	e.maker.Forget(dir, 0)
}

// sweepContainers removes folders without a record, the trash, and cgroups of containers that do not run.
func (e *Engine) sweepContainers() {
	folders, err := os.ReadDir(filepath.Join(e.dataRoot, "containers"))
	if err != nil {
		e.log.Warn("sweep the containers' folders", "error", err)
	}
	for _, f := range folders {
		if _, err := e.containers.Get(f.Name()); err != nil {
			e.throwAway(f.Name())
		}
	}
	for _, r := range e.containers.List() {
		if r.State.Live == nil && !exists(e.dir(r.ID)) {
			e.log.Warn("a container's folder is gone: the container is forgotten", "container", r.ID)
			if err := e.containers.Remove(r); err != nil {
				e.log.Error("forget a container", "container", r.ID, "error", err)
			}
		}
	}
	trash, _ := os.ReadDir(filepath.Join(e.dataRoot, "trash"))
	for _, f := range trash {
		e.work.Go(func() { os.RemoveAll(filepath.Join(e.dataRoot, "trash", f.Name())) })
	}
	names, err := e.cgroups.Children(e.CgroupParent)
	if err != nil {
		e.log.Warn("sweep the cgroups", "error", err)
	}
	for _, name := range names {
		r, err := e.containers.Get(name)
		if err == nil && r.ID == name && r.State.Live != nil || len(name) != 64 {
			continue
		}
		g := e.cgroups.Open(e.CgroupParent, name)
		if err := g.Kill(); err != nil {
			e.log.Warn("sweep a cgroup", "cgroup", g.Path(), "error", err)
		}
		e.removeGroup(g)
	}
}

// aliveStates are the states of a container that has a process.
var aliveStates = []container.Status{container.Running, container.Paused}

func alive(r *container.Record) bool { return slices.Contains(aliveStates, r.State.Status) }
