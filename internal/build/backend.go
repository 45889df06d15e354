package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/defaults"
	"github.com/containerd/containerd/v2/plugins/diff/walking"
	"github.com/containerd/platforms"
	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/cache/metadata"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/control"
	"github.com/moby/buildkit/frontend"
	dockerfile "github.com/moby/buildkit/frontend/dockerfile/builder"
	"github.com/moby/buildkit/frontend/gateway"
	"github.com/moby/buildkit/frontend/gateway/forwarder"
	gatewayapi "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/session"
	containerdsnapshot "github.com/moby/buildkit/snapshot/containerd"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/bboltcachestorage"
	"github.com/moby/buildkit/solver/llbsolver/cdidevices"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/db/boltutil"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/moby/buildkit/util/leaseutil"
	"github.com/moby/buildkit/util/network"
	"github.com/moby/buildkit/version"
	"github.com/moby/buildkit/worker"
	"github.com/moby/buildkit/worker/base"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	bolt "go.etcd.io/bbolt"
	"google.golang.org/grpc"
	"tags.cncf.io/container-device-interface/pkg/cdi"

	"tug/internal/store"
	"tug/internal/undo"
)

// backend is BuildKit, set up.
type backend struct {
	settings   *Settings
	sessions   *session.Manager
	worker     *builder
	controller *control.Controller
	server     *grpc.Server
	listener   *handed
	serving    sync.WaitGroup
	life       context.Context // ends when the builder closes
	end        context.CancelFunc
}

// newBackend sets BuildKit up in its folder.
func newBackend(ctx context.Context, s *Settings) (_ *backend, err error) {
	if err := os.MkdirAll(s.Root, 0o700); err != nil {
		return nil, err
	}
	b := &backend{settings: s, listener: newHanded()}
	b.life, b.end = context.WithCancel(s.Store.Context(ctx))
	var undo undo.Stack // a second attempt must find no database open
	defer undo.OnError(&err)
	undo.Add(b.end)
	if b.sessions, err = session.NewManager(); err != nil {
		return nil, err
	}
	if b.worker, err = newWorker(b.life, s, &undo); err != nil {
		return nil, err
	}
	undo.Add(func() { b.worker.Close() })
	workers := &worker.Controller{}
	if err := workers.Add(b.worker); err != nil {
		return nil, err
	}
	if b.controller, err = b.newController(workers, &undo); err != nil {
		return nil, err
	}
	b.server = grpc.NewServer(
		grpc.WaitForHandlers(true), // what they use is closed after them
		grpc.ChainUnaryInterceptor(grpcerrors.UnaryServerInterceptor, b.unary), grpc.ChainStreamInterceptor(grpcerrors.StreamServerInterceptor, b.stream),
		grpc.MaxRecvMsgSize(defaults.DefaultMaxRecvMsgSize), grpc.MaxSendMsgSize(defaults.DefaultMaxSendMsgSize),
	)
	b.controller.Register(b.server)
	b.serving.Go(func() {
		if err := b.server.Serve(b.listener); err != nil && b.life.Err() == nil {
			s.Log.Error("the builder's control API ended", "error", err)
		}
	})
	return b, nil
}

// newController makes the solver and the control API around it.
func (b *backend) newController(workers *worker.Controller, undo *undo.Stack) (*control.Controller, error) {
	s := b.settings
	results, err := bboltcachestorage.NewStore(filepath.Join(s.Root, resultsDB))
	if err != nil {
		return nil, err
	}
	undo.Add(func() { results.Close() })
	history, err := boltutil.Open(filepath.Join(s.Root, historyDB), 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return nil, err
	}
	undo.Add(func() { history.Close() })
	remote, err := gateway.NewGatewayFrontend(workers.Infos(), nil)
	if err != nil {
		return nil, err
	}
	blobs := b.worker.ContentStore()
	var allowed []string
	if !s.NoHostNetwork {
		allowed = append(allowed, "network.host")
	}
	if s.Insecure {
		allowed = append(allowed, "security.insecure")
	}
	return control.NewController(control.Opt{
		SessionManager:   b.sessions,
		WorkerController: workers,
		Frontends: map[string]frontend.Frontend{
			"dockerfile.v0": confined{forwarder.NewGatewayForwarder(workers.Infos(), withPrologue(dockerfile.Build))},
			"gateway.v0":    confined{remote},
		},
		CacheManager:              solver.NewCacheManager(b.life, b.worker.ID(), results, worker.NewCacheResultStorage(workers)),
		CacheStore:                results,
		ResolveCacheImporterFuncs: importers(b.sessions, blobs, s.Hosts),
		ResolveCacheExporterFuncs: exporters(b.sessions, s.Hosts),
		Entitlements:              allowed,
		HistoryDB:                 history,
		LeaseManager:              b.worker.LeaseManager(),
		ContentStore:              blobs,
		GarbageCollect:            b.worker.GarbageCollect,
	})
}

// labels are what clients are told of the worker. Theirs put the host's address in the place of --add-host's host-gateway.
func (s *Settings) labels() map[string]string {
	l := map[string]string{"org.mobyproject.buildkit.worker.executor": "tug", "org.mobyproject.buildkit.worker.snapshotter": store.SnapshotterKey}
	if s.HostGateway != nil {
		if gateway := s.HostGateway(); gateway.IsValid() {
			l["org.mobyproject.buildkit.worker.moby.host-gateway-ip"] = gateway.String()
		}
	}
	return l
}

// newWorker makes BuildKit's worker on the image store.
func newWorker(ctx context.Context, s *Settings, undo *undo.Stack) (*builder, error) {
	id, err := base.ID(s.Root)
	if err != nil {
		return nil, err
	}
	known, err := metadata.NewStore(filepath.Join(s.Root, recordsDB))
	if err != nil {
		return nil, err
	}
	undo.Add(func() { known.Close() })
	devices, err := cdi.NewCache(cdi.WithSpecDirs(), cdi.WithAutoRefresh(false))
	if err != nil {
		return nil, err
	}
	blobs := containerdsnapshot.NewContentStore(s.Store.Content, store.Namespace)
	if err := os.Setenv(ownDiffer, "false"); err != nil {
		return nil, err
	}
	snapshots := newLayers(s.Store)
	w, err := base.NewWorker(ctx, base.WorkerOpt{
		ID: id, Root: s.Root, MetadataStore: known,
		Labels:           s.labels(),
		Platforms:        []ocispec.Platform{platforms.Normalize(platforms.DefaultSpec())},
		BuildkitVersion:  client.BuildkitVersion{Package: version.Package, Version: buildkitVersion, Revision: ""},
		GCPolicy:         s.GC.policy(s.Root),
		NetworkProviders: map[pb.NetMode]network.Provider{},
		Executor:         &steps{runner: s.Runner, layers: snapshots, log: s.Log, running: map[string]*runningStep{}},
		Snapshotter:      snapshots,
		ContentStore:     blobs,
		Applier:          &unpacker{store: s.Store, blobs: blobs},
		Differ:           &differ{walking.NewWalkingDiff(blobs), blobs},
		ImageStore:       &imageStore{Store: s.Store.Images, settings: s},
		RegistryHosts:    s.Hosts,
		LeaseManager:     leaseutil.WithNamespace(holds{s.Store.Leases, s.Store}, store.Namespace),
		GarbageCollect:   s.Store.GarbageCollect,
		MountPoolRoot:    filepath.Join(s.Root, "mounts"),
		CDIManager:       cdidevices.NewManager(devices, nil),
	})
	if err != nil {
		return nil, err
	}
	strict := s.Store.WhenRelaxed(func(relaxed bool) error {
		return known.DB().Update(func(tx *bolt.Tx) error { tx.DB().NoSync = relaxed; return nil })
	})
	return &builder{Worker: w, settings: s, strict: strict}, nil
}

// context gives a request's context the store's namespace and logger, and ends it with the builder.
func (b *backend) context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(b.settings.Store.Context(ctx))
	stop := context.AfterFunc(b.life, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

func (b *backend) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	var err error
	switch r := req.(type) {
	case *controlapi.SolveRequest:
		err = admitOwn(r.FrontendAttrs, r.FrontendInputs, r.Definition)
	case *gatewayapi.SolveRequest: // of a client that is the build's frontend itself, as buildx is
		err = admitOwn(r.FrontendOpt, r.FrontendInputs, r.Definition)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := b.context(ctx)
	defer cancel()
	answer, err := handler(ctx, req)
	if info, ok := answer.(*controlapi.InfoResponse); ok && info.GetBuildkitVersion() != nil {
		info.BuildkitVersion.Version = buildkitVersion // which the library knows only where the linker tells it
	}
	return answer, err
}

func (b *backend) stream(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, cancel := b.context(s.Context())
	defer cancel()
	return handler(srv, &namedStream{s, ctx})
}

// namedStream is a stream with another context.
type namedStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s *namedStream) Context() context.Context { return s.ctx }

// closeGrace bounds how long the requests that go on are waited for once they were ended.
const closeGrace = 10 * time.Second

// close ends the builds that go on, waits for them, and closes BuildKit.
func (b *backend) close() error {
	b.end()
	b.listener.Close()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		b.server.Stop()
		b.serving.Wait()
	}()
	select {
	case <-stopped:
	case <-time.After(closeGrace):
		b.settings.Log.Warn("a request for the builder does not end")
	}
	if err := b.controller.Close(); err != nil {
		return fmt.Errorf("close the builder: %w", err)
	}
	return nil
}
