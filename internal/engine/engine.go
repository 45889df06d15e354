package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/build"
	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/idmap"
	"tug/internal/image"
	"tug/internal/ipam"
	"tug/internal/logs/logread"
	"tug/internal/network"
	"tug/internal/plan"
	"tug/internal/seccomp"
	"tug/internal/slot"
	"tug/internal/state"
	"tug/internal/volume"
)

// Options are what an engine is opened with. All that it makes on the host lies below these folders and names, so that
// any number of engines can run side by side.
type Options struct {
	DataRoot     string // what outlives a reboot
	ExecRoot     string // what does not
	Shim         string // the program tug-shim
	Bridge       string // interface of the default bridge; "none": no default bridge
	BridgeIP     string // its address, with the length of the subnet; "": from the pools
	Pools        []ipam.Pool
	CgroupParent string // path below the hierarchies' roots, or a systemd slice
	UserNS       bool   // containers get a user namespace of their own unless they ask for the host's
	Slots        int    // how many slots are kept ready
	Settings     Settings
	DropBlobs    bool // keep no blob of a pulled layer beside its files
	Build        Version
	Builder      BuilderOptions
	Log          *slog.Logger
}

// BuilderOptions are what builds may take.
type BuilderOptions struct {
	Insecure      bool // a step may have all capabilities and devices
	NoHostNetwork bool // no step may have the host's network
	GC            build.GC
}

// Engine is the whole of one daemon, without its faces.
type Engine struct {
	Options
	log                *slog.Logger
	dataRoot, execRoot string
	kernel             plan.Kernel
	noUserNS           string // why containers have no user namespace though they should
	id                 string // of this engine, kept over restarts

	db         *state.DB
	containers *container.Store
	images     *image.Images
	networks   *network.Networks
	volumes    *volume.Volumes
	cgroups    *cgroup.Host
	ooms       *cgroup.OOMWatch // nil if the host cannot tell
	filters    seccomp.Cache
	ids        *idmap.Pool
	maker      *slot.Maker
	slots      *slots
	settings   atomic.Pointer[Settings]
	builder    *build.Builder
	happened   *events.Log
	logReader  *logread.Reader
	health     *health
	passwd     passwdCache
	dangling   danglingCache
	lookups    lookups
	meter      meter

	linked atomic.Bool // some container links to another, or did

	work sync.WaitGroup // goroutines of the engine, and use cases under way
	stop context.CancelFunc
	life context.Context // ends when the engine closes

	mu      sync.Mutex // guards what follows
	runs    map[string]*run
	waiting map[string][]*Attached // clients attached to containers that do not run yet
	execs   map[string]*execution
	idle    idleExecs
}

// Open opens the engine: it finds the containers that run already, and makes ready for more.
func Open(ctx context.Context, o Options) (e *Engine, err error) {
	o.CgroupParent = absoluteParent(o.CgroupParent)
	e = &Engine{
		Options: o, log: o.Log, dataRoot: o.DataRoot, execRoot: o.ExecRoot, kernel: probeKernel(), happened: events.NewLog(), logReader: logread.NewReader(), health: newHealth(),
		runs: map[string]*run{}, waiting: map[string][]*Attached{}, execs: map[string]*execution{},
	}
	if err := o.Settings.Check(); err != nil {
		return nil, err
	}
	e.settings.Store(&o.Settings)
	e.life, e.stop = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close(context.WithoutCancel(ctx)))
		}
	}()
	if err := e.openFolders(); err != nil {
		return e, err
	}
	if err := e.openDomains(ctx); err != nil {
		return e, err
	}
	e.meter.memTotal = uint64(memTotal())
	e.linked.Store(slices.ContainsFunc(e.containers.List(), func(r *container.Record) bool { return len(r.Host.Links) > 0 }))
	e.openOOMWatch()
	found := e.adopt(ctx)
	if err := ctx.Err(); err != nil {
		return e, err
	}
	if e.UserNS {
		if e.noUserNS = e.whyNoUserNS(); e.noUserNS != "" {
			e.log.Warn("containers have no user namespace of their own: their root is the host's", "why", e.noUserNS)
			e.UserNS = false
		}
	}
	kind := want{Kind: slot.Kind{UserNS: e.UserNS, Network: true}, bridge: e.Bridge != "none"}
	e.builder, err = build.New(ctx, build.Settings{
		Root: filepath.Join(e.dataRoot, "image", "build"), Store: e.images.Store(), Hosts: e.images.Hosts(), Runner: &stepRunner{Engine: e, running: map[string]*liveStep{}},
		Add: e.addBuilt, Base: e.buildBase, Insecure: o.Builder.Insecure, NoHostNetwork: o.Builder.NoHostNetwork, GC: o.Builder.GC, Log: o.Log,
		HostGateway: func() netip.Addr { return e.hostGateway(nil) },
	})
	if err != nil {
		return e, err
	}
	e.slots = newSlotsFor(e.maker, e.networks, kind, o.Slots, e.log)
	e.follow(found)
	e.startRestarting()
	e.work.Go(func() { e.health.due.Run(e.life, e.checkHealth) })
	return e, nil
}

// openFolders makes the folders, which nobody but root may look into.
func (e *Engine) openFolders() error {
	for _, d := range []string{e.dataRoot, e.execRoot, filepath.Join(e.dataRoot, "containers"), filepath.Join(e.dataRoot, "trash")} {
		if err := os.MkdirAll(d, 0o710); err != nil {
			return err
		}
		if err := os.Chmod(d, 0o710); err != nil {
			return err
		}
	}
	var err error
	e.id, err = engineID(filepath.Join(e.dataRoot, "engine-id"))
	return err
}

func (e *Engine) openDomains(ctx context.Context) (err error) {
	if e.db, err = state.Open(filepath.Join(e.dataRoot, "state.db"), e.log); err != nil {
		return err
	}
	if e.containers, err = e.openContainers(); err != nil {
		return err
	}
	if e.volumes, err = volume.Open(filepath.Join(e.dataRoot, "volumes"), e.db.Bucket("volumes")); err != nil {
		return err
	}
	if e.cgroups, err = cgroup.Detect(); err != nil {
		return err
	}
	if e.images, err = image.Open(ctx, image.Settings{Root: filepath.Join(e.dataRoot, "image"), Reach: e.now().Reach, DropBlobs: e.DropBlobs, Log: e.log, UserAgent: "tug/" + e.Build.Version}); err != nil {
		return fmt.Errorf("open the images: %w", err)
	}
	e.ids = idmap.NewPool(e.dataRoot, "/etc/subuid", "/etc/subgid")
	if e.maker, err = slot.NewMaker(e.Shim, filepath.Join(e.execRoot, "shims"), e.ids, e.log); err != nil {
		return err
	}
	table := "tug"
	switch e.Bridge {
	case "", "tug0":
	case network.NoBridge:
		table = "tug-" + e.id[:12] // no interface tells this daemon from another of its kind
	default:
		table = "tug-" + e.Bridge
	}
	e.networks, err = network.Open(ctx, network.Config{
		StateDir: filepath.Join(e.execRoot, "network"), Bridge: e.Bridge, BridgeIP: e.BridgeIP, Pools: e.Pools, Table: table, Log: e.log,
	}, networkRecords{e.db.Bucket("networks")})
	if err != nil {
		return fmt.Errorf("open the networks: %w", err)
	}
	return nil
}

// enter counts a use case in that Close must not cut short; its end is told with leave. Errors: Unavailable once the
// engine closes.
func (e *Engine) enter() (leave func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.life.Err() != nil {
		return nil, fmt.Errorf("the daemon is stopping, try again when it is back: %w", errdefs.ErrUnavailable)
	}
	e.work.Add(1)
	return e.work.Done, nil
}

// closeGrace is how long Close waits for what is under way.
const closeGrace = 20 * time.Second

// Close refuses what is new, waits for what is under way, lets go of everything, and leaves the containers running.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock() // see enter
	e.stop()
	e.mu.Unlock()
	if e.slots != nil {
		e.slots.close()
	}
	ended := make(chan struct{})
	go func() {
		e.work.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(closeGrace):
		return fmt.Errorf("something hangs (a start from a dead file system?) and was not waited for longer than %s; the next daemon sees to it", closeGrace)
	}
	var errs []error
	if e.builder != nil {
		errs = append(errs, e.builder.Close())
	}
	if e.logReader != nil {
		errs = append(errs, e.logReader.Close())
	}
	if e.networks != nil {
		errs = append(errs, e.networks.Close(ctx))
	}
	if e.images != nil {
		errs = append(errs, e.images.Close())
	}
	if e.db != nil {
		errs = append(errs, e.db.Close())
	}
	return errors.Join(errs...)
}

// Get gives a container's record by name, ID or the beginning of the ID. It must not be changed. Errors: NotFound,
// InvalidArgument if several IDs begin so.
func (e *Engine) Get(ref string) (*container.Record, error) { return e.containers.Get(ref) }

// List gives the records of all containers, the newest first. They must not be changed.
func (e *Engine) List() []*container.Record { return e.containers.List() }

// networkRecords keeps networks in the state file.
type networkRecords struct{ *state.Bucket }

func (r networkRecords) Load() (list []network.Network, err error) {
	err = r.Bucket.Load(func(_ string, decode func(any) error) error {
		var n network.Network
		if err := decode(&n); err != nil {
			return err
		}
		list = append(list, n)
		return nil
	})
	return list, err
}

func (r networkRecords) Put(n network.Network) error { return r.Bucket.Put(n.ID, n) }

// engineID gives the ID in the file, and makes one up the first time.
func engineID(file string) (string, error) {
	if data, err := os.ReadFile(file); err == nil && len(data) > 0 {
		return string(data), nil
	}
	id := container.NewID()[:32]
	return id, os.WriteFile(file, []byte(id), 0o600)
}

// run is what the engine holds for a running container.
type run struct {
	client    shimClient
	pid       int
	started   time.Time
	idBase    uint32 // of its user namespace, or of the one that it shares; 0: the host's
	warnings  []string
	endpoints []*network.Endpoint
	ports     []network.PortBinding
	group     *cgroup.Group
	oom       oomNews
	latest    atomic.Pointer[Usage] // look at what it uses
	exited    chan struct{}         // closed once its end is recorded
}

func (e *Engine) run(id string) (*run, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, ok := e.runs[id]
	return r, ok
}
