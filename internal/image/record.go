package image

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// removedLabel marks the record of an image that was removed by force while containers use it.
const removedLabel = "tug/removed"

// record makes an image known under the given record names, durably and then in memory. A name that another image had
// is taken from it. If all of this is so already, nothing is written. A lease in ctx must hold the image's blobs.
func (s *Images) record(ctx context.Context, e *entry, records ...string) (Image, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.recordLocked(ctx, e, records...)
}

// recordLocked is record for one who holds writing.
func (s *Images) recordLocked(ctx context.Context, e *entry, records ...string) (Image, error) {
	ctx = s.store.Context(ctx)
	if old := s.index.Load().images[e.image.ID]; old != nil && s.recorded(old, e.image.Target.Digest, records) {
		return old.image, nil
	}
	err := s.store.Update(ctx, func(ctx context.Context) error {
		for _, n := range append([]string{e.image.ID.String()}, records...) {
			if err := s.put(ctx, images.Image{Name: n, Target: e.image.Target}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Image{}, fmt.Errorf("record image %s: %w", e.image.ShortID(), err)
	}
	now := time.Now()
	s.index.Store(s.index.Load().with(func(x *index) {
		fresh := *e
		fresh.image.Tagged, fresh.image.Removed = now, false
		x.images[e.image.ID] = &fresh
		for _, n := range records {
			x.names[n] = name{id: e.image.ID, tagged: now}
		}
	}))
	return s.index.Load().images[e.image.ID].image, nil
}

// recorded says that an image is known with its manifest and under all the names.
func (s *Images) recorded(e *entry, manifest digest.Digest, records []string) bool {
	if e.image.Removed || !e.unpacked || e.image.Target.Digest != manifest {
		return false
	}
	for _, n := range records {
		if s.index.Load().names[n].id != e.image.ID {
			return false
		}
	}
	return true
}

// put writes one record in the place of any that has its name.
func (s *Images) put(ctx context.Context, r images.Image) error {
	_, err := s.store.Images.Create(ctx, r)
	if errdefs.IsAlreadyExists(err) {
		_, err = s.store.Images.Update(ctx, r)
	}
	return err
}

// replace puts what is newly known of an image that is recorded already.
func (s *Images) replace(e *entry) {
	s.writing.Lock()
	defer s.writing.Unlock()
	old := s.index.Load().images[e.image.ID]
	if old == nil {
		return // removed meanwhile
	}
	s.index.Store(s.index.Load().with(func(x *index) {
		fresh := *e
		fresh.image.Tagged, fresh.image.Removed = old.image.Tagged, old.image.Removed
		x.images[e.image.ID] = &fresh
	}))
}

// unrecord takes records away, durably and then in memory. An image goes with the record of its ID.
func (s *Images) unrecord(ctx context.Context, records ...string) error {
	err := s.store.Update(s.store.Context(ctx), func(ctx context.Context) error {
		for _, n := range records {
			if err := s.store.Images.Delete(ctx, n); err != nil && !errdefs.IsNotFound(err) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove image records: %w", err)
	}
	s.index.Store(s.index.Load().with(func(x *index) {
		for _, n := range records {
			delete(x.names, n)
			delete(x.images, digest.Digest(n))
		}
	}))
	return nil
}
