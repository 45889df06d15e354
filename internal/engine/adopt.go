package engine

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/shim"
)

// adoption is a container that an earlier daemon started; dead tells how it ended meanwhile, or nil.
type adoption struct {
	record *container.Record
	run    *run
	dead   *shim.Exit
	execs  []shim.ExecState
}

const (
	// helloTimeout is how long a shim may take to do what it is asked for at once.
	helloTimeout = 5 * time.Second
	// adoptPatience is how long the daemon's start waits for a shim. One that has not answered by then is waited for in
	// the background.
	adoptPatience = 500 * time.Millisecond
)

// adopt finds the containers that earlier daemons started, and sweeps what belongs to none. Follow has to come next.
func (e *Engine) adopt(ctx context.Context) []adoption {
	var found []adoption
	folders := map[string]bool{} // of shims
	for _, r := range e.containers.List() {
		if r.State.Live == nil {
			continue
		}
		found = append(found, e.readopted(r))
		folders[r.State.Live.ShimDir] = true
	}
	var asked sync.WaitGroup // all at once: one that hangs holds nobody up
	for i := range found {
		asked.Go(func() { e.askShim(ctx, &found[i]) })
	}
	asked.Wait()
	e.adoptNetworks(found)
	e.adoptVolumes(found)
	e.sweep(folders)
	return found
}

// follow watches the adopted containers that live, and records how the others ended before it returns.
func (e *Engine) follow(found []adoption) {
	var ends sync.WaitGroup
	for _, a := range found {
		e.mu.Lock()
		e.runs[a.record.ID] = a.run
		e.mu.Unlock()
		if a.dead == nil {
			e.work.Go(func() { e.watch(a.record.ID, a.run) })
			e.adoptExecs(a)
			e.resumeHealth(a.record, a.run)
			e.watchOOM(a.record, a.run)
			continue
		}
		ends.Go(func() { e.ended(a.record.ID, a.run, *a.dead) })
	}
	ends.Wait()
}

// readopted takes what a container's record says of its run, and keeps others from its user ids.
func (e *Engine) readopted(r *container.Record) adoption {
	live := r.State.Live
	var kept liveEndpoints
	if err := json.Unmarshal(live.Endpoints, &kept); err != nil {
		e.log.Error("the networks of a running container are unknown", "container", r.ID, "error", err)
	}
	if live.IDBase != 0 {
		e.ids.Share(live.IDBase) // several may run in one user namespace
	}
	e.cgroups.Remember(live.Parents)
	return adoption{record: r, run: &run{
		client: shim.At(live.ShimDir), endpoints: kept.Endpoints, ports: kept.Ports, group: e.cgroups.Open(live.Cgroup, r.ID),
		pid: r.State.Pid, started: r.State.StartedAt, idBase: live.IDBase, exited: make(chan struct{}),
	}}
}

// askShim finds whether the container lives, or how it ended.
func (e *Engine) askShim(ctx context.Context, a *adoption) {
	hello, cancel := context.WithTimeout(ctx, adoptPatience)
	defer cancel()
	told, err := a.run.client.Hello(hello)
	a.execs = told.Execs
	switch {
	case err == nil && told.Exited:
		a.dead = &told.Exit
	case shim.Gone(err):
		exit := e.afterShim(a.run.client, a.run.group, err)
		a.dead = &exit
	case err != nil && hello.Err() == nil: // one that does not answer, or not as it should, is left alone
		e.log.Error("a shim answers with what is not understood: its container goes on", "container", a.record.ID, "error", err)
	}
	if a.dead != nil {
		// Its address and its ports may be another's already, if the last daemon died just before it recorded the end.
		a.run.endpoints, a.run.ports = nil, nil
		return
	}
	e.freezeAsRecorded(a)
	if a.record.State.Live.Unsettled {
		if err := e.settleLimits(a.record, a.run); err != nil {
			e.log.Warn("set limits as recorded, which an earlier daemon was changing", "container", a.record.ID, "error", err)
		}
	}
}

// freezeAsRecorded undoes a pause, or its end, or a kill, in the middle of which the last daemon died.
func (e *Engine) freezeAsRecorded(a *adoption) {
	act := a.run.group.Thaw
	if a.record.State.Status == container.Paused {
		act = a.run.group.Freeze
	}
	if err := act(); err != nil && !errdefs.IsFailedPrecondition(err) { // a host without a freezer has no frozen containers
		e.log.Warn("freeze or thaw as recorded", "container", a.record.ID, "error", err)
	}
}

// adoptNetworks tells the networks what is alive, so that its addresses, ports and rules stay.
func (e *Engine) adoptNetworks(found []adoption) {
	var endpoints []*network.Endpoint
	ports := map[string][]network.PortBinding{}
	for _, a := range found {
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
	hello, err := client.Hello(ctx)
	switch {
	case err == nil:
		if hello.Pid != 0 && !hello.Exited {
			client.Signal(ctx, "", unix.SIGKILL)
			client.Wait(ctx, "")
		}
		client.Quit(ctx)
	case ctx.Err() != nil: // it hangs
		client.Kill()
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
			e.sweepVolumes(f.Name())
			e.throwAway(f.Name())
		}
	}
	for _, r := range e.containers.List() {
		if r.State.Live == nil {
			e.sweepRecord(r)
		}
	}
	for _, id := range e.images.RemovedInUse() {
		e.releaseImage(id.String())
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
		runs := err == nil && r.ID == name && r.State.Live != nil
		if !runs && len(name) == 64 {
			e.endGroup(e.cgroups.Open(e.CgroupParent, name))
		}
	}
}

// sweepRecord removes a container that does not run if it was to go with its end or has nothing left on disk, and what
// the crash of a start has left of it.
func (e *Engine) sweepRecord(r *container.Record) {
	gone := !exists(e.dir(r.ID))
	if gone {
		e.log.Warn("a container's folder is gone: the container is forgotten", "container", r.ID)
	}
	if gone || r.Host.AutoRemove && (r.State.Status == container.Exited || r.State.Error != "") {
		if err := e.discard(r, r.Host.AutoRemove); err != nil {
			e.log.Error("forget a container", "container", r.ID, "error", err)
		}
	}
	if r.Host.CgroupParent != "" {
		e.endGroup(e.cgroups.Open(e.cgroupParent(r), r.ID))
	}
}

// aliveStates are the states of a container that has a process.
var aliveStates = []container.Status{container.Running, container.Paused}

func alive(r *container.Record) bool { return slices.Contains(aliveStates, r.State.Status) }
