package image

import (
	"context"
	"fmt"
	"slices"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// RemoveOptions say how bold a removal is and what is in use.
type RemoveOptions struct {
	Force   bool // also an image with several names, or one that stopped containers use
	NoPrune bool // taken for Docker's sake: tug makes no images that only serve others

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

// Remove takes the name ref from its image, and the image with its layers when that was the last one. Given by ID, the image
// goes with all its names. Conflicts are Docker's: a running container keeps its image whatever is said; a stopped one, and names in
// several repositories, only without Force.
// The disk space is freed in the background.
func (s *Images) Remove(ctx context.Context, ref string, o RemoveOptions) ([]Removed, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	x := s.index.Load()
	e, err := x.find(ref)
	if err != nil {
		return nil, err
	}
	var users []User
	if o.InUse != nil {
		users = o.InUse(e.image.ID)
	}
	r := removal{index: x, image: e.image, records: x.namesOf(e.image.ID), users: users, force: o.Force}
	if err := r.plan(ref); err != nil {
		return nil, err
	}
	gone := r.untag
	if r.whole && len(users) == 0 {
		gone = append(slices.Clone(gone), e.image.ID.String())
	}
	if err := s.unrecord(ctx, gone...); err != nil {
		return nil, err
	}
	if r.whole && len(users) > 0 {
		if err := s.hide(ctx, e.image); err != nil {
			return nil, err
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

// removal decides what one Remove takes away. It changes nothing.
type removal struct {
	index   *index
	image   Image
	records []string // names that lead to the image
	users   []User
	force   bool

	untag []string // names to take away
	whole bool     // the image goes
}

// plan fills in untag and whole, or says why not.
func (r *removal) plan(ref string) error {
	named, err := parseName(ref)
	byName := err == nil && slices.Contains(r.records, recordName(named))
	if !byName {
		if !r.force && !oneRepository(r.records) && len(r.records) > 0 {
			return r.conflict("must be forced", "image is referenced in multiple repositories")
		}
		r.untag, r.whole = r.records, true
		return r.checkUsers()
	}
	record := recordName(named)
	if !r.force && oneRepository(r.records) && len(r.users) > 0 {
		return fmt.Errorf("conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s: %w",
			ref, r.users[0].short(), r.image.ShortID(), errdefs.ErrConflict)
	}
	r.untag = []string{record}
	left := slices.DeleteFunc(slices.Clone(r.records), func(n string) bool { return n == record })
	if !isDigestName(record) {
		sameRepository := func(n string) bool { return repository(n) == repository(record) }
		if !slices.ContainsFunc(left, func(n string) bool { return !isDigestName(n) && sameRepository(n) }) {
			// The repository's last tag takes its digests along.
			for _, n := range left {
				if sameRepository(n) {
					r.untag = append(r.untag, n)
				}
			}
			left = slices.DeleteFunc(left, sameRepository)
		}
	}
	if len(left) > 0 {
		return nil
	}
	r.whole = true
	if r.running() != nil { // only its name is taken, by force
		r.whole = false
		return nil
	}
	return r.checkUsers()
}

func (r *removal) running() *User {
	for i := range r.users {
		if r.users[i].Running {
			return &r.users[i]
		}
	}
	return nil
}

func (r *removal) checkUsers() error {
	if u := r.running(); u != nil {
		return r.conflict("cannot be forced", "image is being used by running container "+u.short())
	}
	if len(r.users) > 0 && !r.force {
		return r.conflict("must be forced", "image is being used by stopped container "+r.users[0].short())
	}
	return nil
}

func (r *removal) conflict(how, why string) error {
	return fmt.Errorf("conflict: unable to delete %s (%s) - %s: %w", r.image.ShortID(), how, why, errdefs.ErrConflict)
}

// report is what a person is told: the names, then the image, then those of its layers that no other image has.
func (r *removal) report() []Removed {
	var list []Removed
	for _, n := range r.untag {
		list = append(list, Removed{Untagged: familiar(n)})
	}
	if !r.whole {
		return list
	}
	list = append(list, Removed{Deleted: r.image.ID})
	if len(r.users) > 0 {
		return list
	}
	shared := map[digest.Digest]bool{}
	for id, e := range r.index.images {
		if id != r.image.ID {
			for _, chain := range chainIDs(e.image.DiffIDs) {
				shared[chain] = true
			}
		}
	}
	for _, chain := range slices.Backward(chainIDs(r.image.DiffIDs)) {
		if !shared[chain] {
			list = append(list, Removed{Deleted: chain})
		}
	}
	return list
}

func (u User) short() string { return u.Container[:min(12, len(u.Container))] }

// oneRepository says that there is at most one tag, and that all names are of one repository.
func oneRepository(records []string) bool {
	tags := 0
	for _, n := range records {
		if !isDigestName(n) {
			tags++
		}
		if repository(n) != repository(records[0]) {
			return false
		}
	}
	return len(records) > 0 && tags <= 1
}
