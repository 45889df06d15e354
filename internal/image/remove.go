package image

import (
	"context"
	"slices"

	"github.com/containerd/errdefs"
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
// The disk space is freed in the background. An image that is damaged, and therefore not known, goes by its names and its ID too.
func (s *Images) Remove(ctx context.Context, ref string, o RemoveOptions) ([]Removed, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	r, err := newRemoval(s.index.Load(), ref, o)
	if errdefs.IsNotFound(err) {
		if list, derr := s.removeDamaged(ctx, ref, o); derr != nil || len(list) > 0 {
			return list, derr
		}
	}
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
	gone, hidden := slices.Clone(r.untag), []Image(nil)
	for _, img := range r.goes {
		if len(r.users[img.ID]) > 0 {
			hidden = append(hidden, img)
		} else {
			gone = append(gone, img.ID.String())
		}
	}
	if err := s.unrecord(ctx, gone, hidden...); err != nil {
		return nil, err
	}
	s.store.Collect()
	return r.report(), nil
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
	if err := s.unrecord(ctx, []string{id.String()}); err != nil {
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
