package image

import (
	"context"
	"fmt"
	"slices"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
)

// RemoveOptions say how bold a removal is and what is in use.
type RemoveOptions struct {
	Force   bool // also an image with several names, or one that stopped containers use
	Unused  bool // whatever Force says, nothing that any container uses
	NoPrune bool // taken for Docker's sake: tug makes no images that only serve others

	// Platforms are those of the name's platforms that go, "linux/arm64", for all names that have them; none means all.
	Platforms []string

	// InUse tells which containers were made of an image; nil if there are none. It is called while no image can change.
	InUse func(digest.Digest) []User
}

// User is a container that was made of an image.
type User struct {
	Container string // ID
	Running   bool
}

// Removed is one thing that is gone.
type Removed struct {
	Untagged string        // a name
	Deleted  digest.Digest // an image, or a layer (by its chain ID)
}

// Remove takes the name ref from its image, and the image with its layers when that was the last one; of several platforms all go. Given by ID, the
// image goes with all its names. Conflicts are Docker's: a running container keeps its image whatever is said; a stopped one, and names in
// several repositories, only without Force.
// The disk space is freed in the background.
func (s *Images) Remove(ctx context.Context, ref string, o RemoveOptions) ([]Removed, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	r, err := newRemoval(s.index.Load(), ref, o)
	if err != nil {
		return nil, err
	}
	if len(o.Platforms) > 0 {
		err = r.planPlatforms(ref, o.Platforms)
	} else {
		err = r.plan(ref)
	}
	if err != nil {
		return nil, err
	}
	gone := slices.Clone(r.untag)
	for _, img := range r.goes {
		if len(r.users[img.ID]) == 0 {
			gone = append(gone, img.ID.String())
		}
	}
	if err := s.unrecord(ctx, gone...); err != nil {
		return nil, err
	}
	for _, img := range r.goes {
		if len(r.users[img.ID]) > 0 {
			if err := s.hide(ctx, img); err != nil {
				return nil, err
			}
		}
	}
	s.store.Collect()
	return r.report(), nil
}

// hide marks an image as removed although containers use its layers. Unuse ends that.
func (s *Images) hide(ctx context.Context, img Image) error {
	record := images.Image{Name: img.ID.String(), Target: img.Target, Labels: map[string]string{removedLabel: "1"}}
	if err := s.put(s.store.Context(ctx), record); err != nil {
		return fmt.Errorf("remove image %s: %w", img.ShortID(), err)
	}
	s.index.Store(s.index.Load().with(func(x *index) {
		hidden := *x.images[img.ID]
		hidden.image.Removed = true
		x.images[img.ID] = &hidden
		x.recount()
	}))
	return nil
}

// Unuse is called when the last container of an image is gone. It reads memory only, unless the image was removed by force
// meanwhile: then its layers go now.
func (s *Images) Unuse(ctx context.Context, id digest.Digest) error {
	if e := s.index.Load().images[id]; e == nil || !e.image.Removed {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if e := s.index.Load().images[id]; e == nil || !e.image.Removed { // it came back
		return nil
	}
	if err := s.unrecord(ctx, id.String()); err != nil {
		return err
	}
	s.store.Collect()
	return nil
}

// RemovedInUse returns the images that were removed by force while containers used them. A starting engine calls Unuse for those
// that no container uses any more.
func (s *Images) RemovedInUse() []digest.Digest {
	var ids []digest.Digest
	for id, e := range s.index.Load().images {
		if e.image.Removed {
			ids = append(ids, id)
		}
	}
	return ids
}
