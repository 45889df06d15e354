package image

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"

	"tug/internal/store"
)

// Settings are where a set of images lies and how registries are reached.
type Settings struct {
	Root      string // folder of the store, mode 0700
	Reach     Reach
	DropBlobs bool         // keep no blob of a layer that was pulled: its registry can give it again
	UserAgent string       // how the daemon calls itself to registries
	Log       *slog.Logger // nil means slog.Default
}

// Images are the images of one store. All methods may be called at the same time.
type Images struct {
	store    *store.Store
	settings Settings
	log      *slog.Logger

	unpacks *semaphore.Weighted
	reach   atomic.Pointer[reached]

	index   atomic.Pointer[index]
	writing sync.Mutex // guards changes of the records and of index together; no one who only reads takes it
}

// Open opens the images below c.Root, or makes an empty store there.
func Open(ctx context.Context, c Settings) (*Images, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if err := c.Reach.Check(); err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, c.Root, c.Log)
	if err != nil {
		return nil, err
	}
	s := &Images{
		store: st, settings: c, log: c.Log,
		unpacks: semaphore.NewWeighted(int64(min(max(runtime.NumCPU(), 2), 8))), // layers unpacked at a time, over all pulls
	}
	if err := errors.Join(s.Reconfigure(c.Reach), s.reload(ctx)); err != nil {
		st.Close()
		return nil, fmt.Errorf("read the image store %s: %w", c.Root, err)
	}
	return s, nil
}

// Close waits for background work and closes the store.
func (s *Images) Close() error { return s.store.Close() }

// Store is the store below, for the builder.
func (s *Images) Store() *store.Store { return s.store }

// reload makes the index from the records on disk. A record whose blobs are damaged or gone is told in the log and left out.
func (s *Images) reload(ctx context.Context) error {
	ctx = s.store.Context(ctx)
	records, err := s.store.Images.List(ctx)
	if err != nil {
		return err
	}
	x := newIndex()
	damaged := func(r images.Image, err error) {
		s.log.Warn("image is damaged and left out: pull or load it again, or remove it", "name", r.Name, "error", err)
	}
	for _, r := range records {
		if isSeveral(r.Target) {
			continue
		}
		e, err := s.readEntry(ctx, r.Target)
		if err != nil {
			damaged(r, err)
			continue
		}
		id := e.image.ID
		if r.Name == id.String() {
			e.image.Tagged = r.CreatedAt
			e.image.Removed = r.Labels[removedLabel] != ""
			x.images[id] = e
		} else {
			x.names[r.Name] = name{target: r.Target, id: id, tagged: r.UpdatedAt}
		}
		if x.images[id] == nil {
			x.images[id] = e
		}
	}
	for _, r := range records {
		if !isSeveral(r.Target) {
			continue
		}
		if err := s.reloadPlatforms(ctx, x, r); err != nil {
			damaged(r, err)
		}
	}
	x.finish()
	s.index.Store(x)
	return nil
}

// reloadPlatforms adds the record of a name of several platforms to an index that has all images.
func (s *Images) reloadPlatforms(ctx context.Context, x *index, r images.Image) error {
	if x.platforms[r.Target.Digest] == nil {
		p, err := s.readPlatforms(ctx, r.Target)
		if err != nil {
			return err
		}
		if p = x.here(p); len(p.Images()) == 0 {
			return fmt.Errorf("none of its platforms is here: %w", errdefs.ErrNotFound)
		}
		x.platforms[r.Target.Digest] = p
	}
	x.names[r.Name] = name{target: bare(r.Target), tagged: r.UpdatedAt}
	return nil
}

// readEntry reads an image from its manifest in the store.
func (s *Images) readEntry(ctx context.Context, target ocispec.Descriptor) (*entry, error) {
	m, c, err := s.readManifest(ctx, target)
	if err != nil {
		return nil, err
	}
	e := &entry{image: newImage(target, m, c)}
	s.findRoot(ctx, e)
	return e, nil
}

// readManifest reads an image's manifest and configuration, and checks that they fit together.
func (s *Images) readManifest(ctx context.Context, target ocispec.Descriptor) (ocispec.Manifest, configBlob, error) {
	blob, err := readBlob(ctx, s.store.Content, target, maxManifest)
	if err != nil {
		return ocispec.Manifest{}, configBlob{}, err
	}
	m, err := parseManifest(blob)
	if err != nil {
		return m, configBlob{}, err
	}
	blob, err = readBlob(ctx, s.store.Content, m.Config, maxConfig)
	if err != nil {
		return m, configBlob{}, err
	}
	c, err := parseConfig(blob)
	if err != nil {
		return m, c, err
	}
	return m, c, checkLayers(m, c)
}
