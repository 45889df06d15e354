package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/core/metadata/boltutil"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/containerd/v2/plugins/snapshots/overlay"
	"github.com/containerd/errdefs"
	"github.com/containerd/log"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	databaseName = "meta.db"

	// Namespace is the only namespace of the metadata database that is used.
	Namespace = "tug"
	// SnapshotterKey names the snapshotter in the metadata database, as containerd does.
	SnapshotterKey = "overlayfs"

	// lockTimeout is how long Open waits for another process to let go of the databases.
	lockTimeout = 3 * time.Second
)

// Store is one image store. Its parts are containerd's; every call to one of them needs a context from Context or Lease.
type Store struct {
	Content   content.Store
	Images    images.Store
	Leases    leases.Manager
	Snapshots snapshots.Snapshotter
	Applier   diff.Applier

	root      string
	db        *bolt.DB
	layers    *located
	meta      *metadata.DB
	locks     *keyLocks
	collector *collector
	relaxed   relaxed
	log       *slog.Logger
	entry     *log.Entry // containerd's libraries log here

	boot  string         // the kernel's boot ID
	syncs sync.WaitGroup // layers being brought to disk
}

// Open opens the store below root, or makes one. What an earlier process left half done is given up
// and collected, but for whole and half blobs and whole layers of a pull, which are kept for the next try (see LeaseToGoOn). It fails with FailedPrecondition if another process has the store open.
func Open(ctx context.Context, root string, logger *slog.Logger) (_ *Store, err error) {
	for _, dir := range []string{root, filepath.Join(root, "content"), filepath.Join(root, "snapshots")} {
		if err := privateDir(dir); err != nil {
			return nil, err
		}
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	if err := restore(root, boot); err != nil {
		return nil, fmt.Errorf("restore the image store's database: %w", err)
	}
	db, err := bolt.Open(filepath.Join(root, databaseName), 0o600, &bolt.Options{
		Timeout: lockTimeout, FreelistType: bolt.FreelistMapType, NoFreelistSync: true,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("image store %s is in use by another daemon: stop it or choose another data root: %w", root, errdefs.ErrFailedPrecondition)
	}
	if err != nil {
		return nil, fmt.Errorf("open image store %s: %w", root, err)
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	if err := errors.Join(settleLeft(db, root, boot), sweepIngests(root)); err != nil {
		return nil, fmt.Errorf("open image store %s: %w", root, err)
	}
	blobs, err := local.NewStore(filepath.Join(root, "content"))
	if err != nil {
		return nil, fmt.Errorf("open image store %s: %w", root, err)
	}
	folders, err := overlay.NewSnapshotter(filepath.Join(root, "snapshots"), overlay.AsynchronousRemove, overlay.WithUpperdirLabel)
	if err != nil {
		return nil, fmt.Errorf("open image store %s: %w", root, err)
	}
	layers := newLocated(folders)
	defer func() {
		if err != nil {
			layers.Close()
		}
	}()
	meta := metadata.NewDB(db, blobs, map[string]snapshots.Snapshotter{SnapshotterKey: layers})
	if err := meta.Init(ctx); err != nil {
		return nil, fmt.Errorf("open image store %s: %w", root, err)
	}
	s := &Store{
		Content:   meta.ContentStore(),
		Images:    metadata.NewImageStore(meta),
		Leases:    metadata.NewLeaseManager(meta),
		Snapshots: &closing{Snapshotter: meta.Snapshotter(SnapshotterKey), close: layers.Close},
		root:      root, db: db, layers: layers, meta: meta, locks: newKeyLocks(), log: logger, entry: newLogger(logger), boot: boot,
	}
	s.relaxed.store = s
	s.Applier = &applier{blobs: s.Content}
	s.collector = newCollector(s.collectInBackground)
	if err := errors.Join(s.collectKept(ctx), s.dropTemporaryLeases(ctx), s.checkUnsynced(ctx), s.sweepEarly()); err != nil {
		s.collector.close()
		return nil, fmt.Errorf("open image store %s: %w", root, err)
	}
	s.Collect() // what an earlier process had been asked for, and did not come to
	return s, nil
}

// Close waits for a collection under way and for layers to be on disk, and closes the databases. Nothing of the store may be
// used afterwards.
func (s *Store) Close() error {
	s.collector.close()
	_, err := s.relaxed.strictly() // to the end
	s.syncs.Wait()
	return errors.Join(err, s.Snapshots.Close(), s.meta.Close(), s.db.Close())
}

// Context returns ctx with the store's namespace and logger in it.
func (s *Store) Context(ctx context.Context) context.Context {
	return log.WithLogger(namespaces.WithNamespace(ctx, Namespace), s.entry)
}

// closing closes the snapshotter below the metadata database, which itself passes Close on to nobody.
type closing struct {
	snapshots.Snapshotter
	close func() error
}

func (c *closing) Close() error { return c.close() }

// privateDir makes a folder that only its owner may enter, whatever it was before and whatever the umask is.
func privateDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make the image store's folder: %w", err)
	}
	return os.Chmod(path, 0o700)
}

// Update runs fn, whose calls with its context are one transaction of the metadata database: all of them are there after it, or none.
// fn must not read or write blobs or layers.
func (s *Store) Update(ctx context.Context, fn func(context.Context) error) error {
	if err := s.meta.Update(func(tx *bolt.Tx) error { return fn(boltutil.WithTransaction(s.Context(ctx), tx)) }); err != nil {
		return err
	}
	return s.relaxed.settle()
}
