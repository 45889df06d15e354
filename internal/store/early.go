package store

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sys/unix"
)

// maxEarly is how many layers of one archive are unpacked early.
const maxEarly = 1000

// Early unpacks layers before it is known where they belong, or whether they are layers at all: an archive says that last. What Unpack then
// asks for it finds done; what it does not ask for is removed. A layer that cannot be unpacked early is left to Unpack, which says why.
type Early struct {
	store   *Store
	unpacks *semaphore.Weighted
	dir     string
	ctx     context.Context
	cancel  context.CancelFunc
	tell    func(ocispec.Descriptor, int64)
	running sync.WaitGroup

	mu     sync.Mutex // guards layers
	layers map[digest.Digest]*earlyLayer
}

type earlyLayer struct {
	ended chan struct{}
	dir   string
	got   applied
	err   error
}

// NewEarly begins to unpack early; unpacks bounds how many layers at a time, and progress, which may be nil, is told how many bytes of a
// layer were unpacked. Close must be called.
func (s *Store) NewEarly(ctx context.Context, unpacks *semaphore.Weighted, progress func(ocispec.Descriptor, int64)) (*Early, error) {
	dir, err := os.MkdirTemp(s.earlyDir(), "")
	if err != nil {
		return nil, err
	}
	e := &Early{store: s, unpacks: unpacks, dir: dir, tell: progress, layers: map[digest.Digest]*earlyLayer{}}
	e.ctx, e.cancel = context.WithCancel(ctx)
	return e, nil
}

// Unpack begins to unpack a blob in the background.
func (e *Early) Unpack(blob ocispec.Descriptor) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.layers[blob.Digest] != nil || len(e.layers) == maxEarly {
		return
	}
	l := &earlyLayer{ended: make(chan struct{}), dir: filepath.Join(e.dir, blob.Digest.Encoded())}
	e.layers[blob.Digest] = l
	e.running.Go(func() {
		defer close(l.ended)
		if l.err = e.unpacks.Acquire(e.ctx, 1); l.err != nil {
			return
		}
		defer e.unpacks.Release(1)
		if l.err = makeLayerDir(l.dir); l.err != nil {
			return
		}
		apply := &applier{blobs: e.store.Content}
		l.got, l.err = apply.fresh(e.ctx, blob, l.dir, e.progress(blob))
	})
}

func (e *Early) progress(blob ocispec.Descriptor) func(int64) {
	if e.tell == nil {
		return nil
	}
	return func(n int64) { e.tell(blob, n) }
}

// take moves a layer that was unpacked early into dir, which is empty. overlay says that there are layers below it.
func (e *Early) take(ctx context.Context, l Layer, dir string, overlay bool) (applied, bool) {
	if e == nil {
		return applied{}, false
	}
	e.mu.Lock()
	early := e.layers[l.Blob.Digest]
	delete(e.layers, l.Blob.Digest) // who needs it in a second place unpacks it again
	e.mu.Unlock()
	if early == nil {
		return applied{}, false
	}
	select {
	case <-early.ended:
	case <-ctx.Done():
		return applied{}, false
	}
	if early.err != nil || early.got.diff != l.DiffID || !overlay && early.got.deletes {
		return applied{}, false
	}
	if err := unix.Rename(early.dir, dir); err != nil { // os.Rename refuses to replace a folder, be it empty
		e.store.log.Warn("a layer that was unpacked early is unpacked again", "layer", l.Blob.Digest, "error", err)
		return applied{}, false
	}
	return early.got, true
}

// Close ends what is going on and removes what was not taken.
func (e *Early) Close() error {
	e.cancel()
	e.running.Wait()
	return os.RemoveAll(e.dir)
}

func (s *Store) earlyDir() string { return filepath.Join(s.root, "snapshots", "early") }

// sweepEarly makes the folder for layers that are unpacked early, without what a killed process left there.
func (s *Store) sweepEarly() error {
	if err := os.RemoveAll(s.earlyDir()); err != nil {
		return err
	}
	return privateDir(s.earlyDir())
}

// makeLayerDir makes a layer's folder as the snapshotter does.
func makeLayerDir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755) // whatever the umask is
}
