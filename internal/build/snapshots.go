package build

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"weak"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/snapshot"
	containerdsnapshot "github.com/moby/buildkit/snapshot/containerd"
	"github.com/moby/sys/user"
	"github.com/opencontainers/go-digest"

	"tug/internal/store"
)

// layers are the snapshots of the image store as BuildKit sees them. Three things are other than in BuildKit's own view:
//
//   - A layer of a pulled image is the one that the image has, and not a second copy under a name of BuildKit's.
//   - A layer that is there is not unpacked again: what is prepared for that stays empty, and is not committed.
//   - The executor learns what a snapshot consists of, however BuildKit wraps it (see mountable).
type layers struct {
	snapshot.Snapshotter
	store *store.Store

	mu      sync.Mutex                                           // guards what follows
	present map[string]digest.Digest                             // what is prepared for layers that are there, and which these are
	known   map[weak.Pointer[user.IdentityMapping]][]mount.Mount // what the mountables that were given out consist of
}

func newLayers(s *store.Store) *layers {
	return &layers{
		Snapshotter: containerdsnapshot.NewSnapshotter(store.SnapshotterKey, s.Snapshots, store.Namespace, nil),
		store:       s,
		present:     map[string]digest.Digest{},
		known:       map[weak.Pointer[user.IdentityMapping]][]mount.Mount{},
	}
}

// storeName is the name in the image store of what BuildKit calls so.
func storeName(key string) string {
	if chain, ok := snapshot.ParseLayerSnapshotID(key); ok {
		return chain.String()
	}
	return key
}

// buildkitName is the other way round.
func buildkitName(name string) string {
	if chain, err := digest.Parse(name); err == nil {
		return snapshot.LayerSnapshotID(chain)
	}
	return name
}

// extraction is the layer that a snapshot is prepared for, if it is one.
func extraction(key string) (digest.Digest, bool) {
	if !strings.HasPrefix(key, "extract-") {
		return "", false
	}
	_, chain, _ := strings.Cut(key, " ")
	d, err := digest.Parse(chain)
	return d, err == nil
}

// Prepare implements snapshot.Snapshotter.
func (l *layers) Prepare(ctx context.Context, key, parent string, opts ...snapshots.Opt) error {
	l.store.Relax()
	if chain, ok := extraction(key); ok {
		if _, err := l.Snapshotter.Stat(ctx, chain.String()); err == nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.present[key] = chain
			return nil
		}
	}
	return l.Snapshotter.Prepare(ctx, storeName(key), storeName(parent), opts...)
}

// Commit implements snapshot.Snapshotter.
func (l *layers) Commit(ctx context.Context, name, key string, opts ...snapshots.Opt) error {
	l.mu.Lock()
	_, present := l.present[key]
	delete(l.present, key)
	l.mu.Unlock()
	if present {
		return fmt.Errorf("snapshot %s: %w", name, errdefs.ErrAlreadyExists)
	}
	l.store.Relax()
	return l.Snapshotter.Commit(ctx, storeName(name), storeName(key), opts...)
}

// Mounts implements snapshot.Snapshotter.
func (l *layers) Mounts(ctx context.Context, key string) (snapshot.Mountable, error) {
	l.mu.Lock()
	_, present := l.present[key]
	l.mu.Unlock()
	if present {
		return &mountable{mounts: []mount.Mount{{Type: presentLayer}}}, nil
	}
	m, err := l.Snapshotter.Mounts(ctx, storeName(key))
	return l.tell(m, err)
}

// View implements snapshot.Snapshotter.
func (l *layers) View(ctx context.Context, key, parent string, opts ...snapshots.Opt) (snapshot.Mountable, error) {
	l.store.Relax()
	m, err := l.Snapshotter.View(ctx, storeName(key), storeName(parent), opts...)
	return l.tell(m, err)
}

// Stat implements snapshot.Snapshotter.
func (l *layers) Stat(ctx context.Context, key string) (snapshots.Info, error) {
	info, err := l.Snapshotter.Stat(ctx, storeName(key))
	return named(info), err
}

// Update implements snapshot.Snapshotter.
func (l *layers) Update(ctx context.Context, info snapshots.Info, fieldpaths ...string) (snapshots.Info, error) {
	info.Name, info.Parent = storeName(info.Name), storeName(info.Parent)
	info, err := l.Snapshotter.Update(ctx, info, fieldpaths...)
	return named(info), err
}

// Usage implements snapshot.Snapshotter.
func (l *layers) Usage(ctx context.Context, key string) (snapshots.Usage, error) {
	return l.Snapshotter.Usage(ctx, storeName(key))
}

// Walk implements snapshot.Snapshotter.
func (l *layers) Walk(ctx context.Context, fn snapshots.WalkFunc, filters ...string) error {
	return l.Snapshotter.Walk(ctx, func(ctx context.Context, info snapshots.Info) error { return fn(ctx, named(info)) }, filters...)
}

// Close leaves the image store open: it is not the builder's.
func (l *layers) Close() error { return nil }

func named(info snapshots.Info) snapshots.Info {
	info.Name, info.Parent = buildkitName(info.Name), buildkitName(info.Parent)
	return info
}

// mountable is how a snapshot is mounted. BuildKit wraps it in others, which mount an overlay on the host before anybody asks; all that
// they pass on untouched is the identity mapping. So each mountable has one of its own, empty as all are, by which it is known.
type mountable struct {
	mounts []mount.Mount
	id     *user.IdentityMapping
}

// Mount implements snapshot.Mountable.
func (m *mountable) Mount() ([]mount.Mount, func() error, error) {
	return append([]mount.Mount(nil), m.mounts...), func() error { return nil }, nil
}

// IdentityMapping implements snapshot.Mountable.
func (m *mountable) IdentityMapping() *user.IdentityMapping { return m.id }

// tell makes a mountable known to who asks consistsOf.
func (l *layers) tell(m snapshot.Mountable, err error) (snapshot.Mountable, error) {
	if err != nil {
		return nil, err
	}
	mounts, _, err := m.Mount() // those of a snapshot have nothing to release
	if err != nil {
		return nil, err
	}
	id := &user.IdentityMapping{}
	key := weak.Make(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[key] = mounts
	runtime.AddCleanup(id, l.forget, key)
	return &mountable{mounts: mounts, id: id}, nil
}

func (l *layers) forget(key weak.Pointer[user.IdentityMapping]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.known, key)
}

// consistsOf tells what a mountable was made of, if it is a snapshot, without mounting anything.
func (l *layers) consistsOf(m snapshot.Mountable) ([]mount.Mount, bool) {
	id := m.IdentityMapping()
	if id == nil {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	mounts, ok := l.known[weak.Make(id)]
	return mounts, ok
}
