package image

import (
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// removal decides what one Remove takes away. It changes nothing.
type removal struct {
	index   *index
	image   Image
	records []string                 // names that mean the image
	family  []digest.Digest          // it, and the other platforms of its names
	users   map[digest.Digest][]User // of those
	force   bool

	untag []string // names to take away
	goes  []Image  // images to take away, with their layers where nobody uses them
}

func newRemoval(x *index, ref string, o RemoveOptions) (*removal, error) {
	e, err := x.find(ref)
	if err != nil {
		return nil, err
	}
	r := &removal{index: x, image: e.image, records: x.namesOf(e.image.ID), users: map[digest.Digest][]User{}, force: o.Force}
	r.family = append(r.family, r.image.ID)
	for _, n := range r.records {
		r.family = append(r.family, x.led(x.names[n])...)
	}
	if o.InUse != nil {
		for _, id := range r.family {
			r.users[id] = o.InUse(id)
		}
	}
	if u := r.user(false); o.Unused && u != nil {
		return nil, r.conflict(u.image, "only unused ones are to go", "image is being used by container "+u.short())
	}
	return r, nil
}

// plan fills in untag and goes, or says why not.
func (r *removal) plan(ref string) error {
	named, err := parseName(ref)
	byName := err == nil && slices.Contains(r.records, recordName(named))
	if !byName {
		if !r.force && !oneRepository(r.records) && len(r.records) > 0 {
			return r.conflict(r.image.ID, "must be forced", "image is referenced in multiple repositories")
		}
		r.untag = r.records
		r.goes = append([]Image{r.image}, r.orphans(r.image.ID)...)
		return r.checkUsers()
	}
	record := recordName(named)
	if u := r.user(false); !r.force && oneRepository(r.records) && u != nil {
		return fmt.Errorf("conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s: %w",
			ref, u.short(), short(u.image), errdefs.ErrConflict)
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
		}
	}
	r.goes = r.orphans("")
	if r.user(true) != nil { // what runs loses only its name, by force
		r.goes = slices.DeleteFunc(r.goes, func(img Image) bool {
			return slices.ContainsFunc(r.users[img.ID], func(u User) bool { return u.Running })
		})
		return nil
	}
	return r.checkUsers()
}

// planPlatforms fills in what goes when some platforms of a name are to go: their images, and names that nothing is left of.
func (r *removal) planPlatforms(ref string, platforms []string) error {
	if !r.force {
		return fmt.Errorf("a platform's image goes from all names that have it: say so with --force: %w", errdefs.ErrInvalidArgument)
	}
	for _, p := range platforms {
		want, err := wantExactly(p)
		if err != nil {
			return err
		}
		e, err := r.index.findFor(ref, want)
		if err != nil {
			return err
		}
		r.goes = append(r.goes, e.image)
	}
	for record, n := range r.index.names {
		if !slices.ContainsFunc(r.index.led(n), func(id digest.Digest) bool { return !r.takes(id) }) {
			r.untag = append(r.untag, record)
		}
	}
	slices.SortFunc(r.untag, compareRecords)
	return r.checkUsers()
}

func (r *removal) takes(id digest.Digest) bool {
	return slices.ContainsFunc(r.goes, func(img Image) bool { return img.ID == id })
}

// orphans are the images that only the names to be taken away lead to, but for one.
func (r *removal) orphans(but digest.Digest) []Image {
	kept := map[digest.Digest]bool{but: true}
	for record, n := range r.index.names {
		if !slices.Contains(r.untag, record) {
			for _, id := range r.index.led(n) {
				kept[id] = true
			}
		}
	}
	var list []Image
	for _, record := range r.untag {
		n := r.index.names[record]
		for _, id := range append([]digest.Digest{n.id}, r.index.led(n)...) {
			if e := r.index.images[id]; e != nil && !kept[id] {
				kept[id] = true
				list = append(list, e.image)
			}
		}
	}
	return list
}

// led are the images that a name leads to: of several platforms those that are here.
func (x *index) led(n name) []digest.Digest {
	if p := x.platforms[n.target.Digest]; p != nil {
		return p.Images()
	}
	return []digest.Digest{n.id}
}

// using is a container, and the image that it uses.
type using struct {
	User
	image digest.Digest
}

// user returns a container that uses one of the family, or such a one that runs; nil if there is none.
func (r *removal) user(running bool) *using {
	for _, id := range r.family {
		for _, u := range r.users[id] {
			if u.Running || !running {
				return &using{u, id}
			}
		}
	}
	return nil
}

// checkUsers refuses to take away what is in use.
func (r *removal) checkUsers() error {
	for _, img := range r.goes {
		for _, u := range r.users[img.ID] {
			if u.Running {
				return r.conflict(img.ID, "cannot be forced", "image is being used by running container "+u.short())
			}
		}
	}
	for _, img := range r.goes {
		if users := r.users[img.ID]; len(users) > 0 && !r.force {
			return r.conflict(img.ID, "must be forced", "image is being used by stopped container "+users[0].short())
		}
	}
	return nil
}

func (r *removal) conflict(id digest.Digest, how, why string) error {
	return fmt.Errorf("conflict: unable to delete %s (%s) - %s: %w", short(id), how, why, errdefs.ErrConflict)
}

// report is what a person is told: the names, then the images, then those of their layers that no other image has.
func (r *removal) report() []Removed {
	var list []Removed
	for _, n := range r.untag {
		list = append(list, Removed{Untagged: familiar(n)})
	}
	shared := map[digest.Digest]bool{}
	for id, e := range r.index.images {
		if !r.takes(id) || len(r.users[id]) > 0 {
			for _, chain := range chainIDs(e.image.DiffIDs) {
				shared[chain] = true
			}
		}
	}
	for _, img := range r.goes {
		list = append(list, Removed{Deleted: img.ID})
		for _, chain := range slices.Backward(chainIDs(img.DiffIDs)) {
			if !shared[chain] {
				shared[chain] = true
				list = append(list, Removed{Deleted: chain})
			}
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
