package image

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// index is all images in memory. It is not changed once it can be seen: a change makes a new one.
type index struct {
	images    map[digest.Digest]*entry
	names     map[string]name              // by record name
	platforms map[digest.Digest]*Platforms // what names of several platforms point at
	hex       []string                     // the IDs' digits, sorted, for short IDs
}

// entry is one image and where its files lie.
type entry struct {
	image    Image
	root     Rootfs
	sizes    []int64 // bytes on disk of each layer, the lowest first
	unpacked bool    // root and sizes are known
}

// name is what one record of a tag or a repository digest says.
type name struct {
	target ocispec.Descriptor // a manifest, or an index of several platforms
	id     digest.Digest      // the image that is meant where no platform is asked for
	tagged time.Time
}

func newIndex() *index {
	return &index{images: map[digest.Digest]*entry{}, names: map[string]name{}, platforms: map[digest.Digest]*Platforms{}}
}

// with returns a copy of the index that edit has changed: images may be put, taken away and replaced in it, not changed in place.
func (x *index) with(edit func(*index)) *index {
	n := &index{images: maps.Clone(x.images), names: maps.Clone(x.names), platforms: maps.Clone(x.platforms)}
	edit(n)
	n.finish()
	return n
}

// finish derives what follows from images, names and platforms.
func (x *index) finish() {
	x.settle()
	derived := map[digest.Digest]*naming{}
	of := func(id digest.Digest) *naming {
		if derived[id] == nil {
			derived[id] = &naming{}
		}
		return derived[id]
	}
	for record, n := range x.names {
		of(n.id).add(record, n)
	}
	for _, p := range x.platforms {
		for _, id := range p.Images() {
			of(id).part = true
		}
	}
	x.hex = x.hex[:0]
	for id, e := range x.images {
		if changed := of(id).apply(x, e.image); changed != nil {
			renamed := *e
			renamed.image = *changed
			x.images[id] = &renamed
		}
		x.hex = append(x.hex, id.Encoded())
	}
	sort.Strings(x.hex)
}

// settle finds which image each name means, and forgets the indexes that no name points at.
func (x *index) settle() {
	host, named := platforms.Default(), map[digest.Digest]bool{}
	for record, n := range x.names {
		p := x.platforms[n.target.Digest]
		if p == nil {
			continue
		}
		named[n.target.Digest] = true
		n.id = ""
		if all := x.serving(p, host); len(all) > 0 {
			n.id = all[0]
		} else if all := p.Images(); len(all) > 0 {
			n.id = all[0]
		}
		x.names[record] = n
	}
	maps.DeleteFunc(x.platforms, func(d digest.Digest, _ *Platforms) bool { return !named[d] })
}

// serving are those images of an index that are here and serve a platform, the best first. What an image says of itself counts.
func (x *index) serving(p *Platforms, want platforms.MatchComparer) []digest.Digest {
	ids := slices.DeleteFunc(p.Images(), func(id digest.Digest) bool { return !want.Match(platformOf(x.images[id].image)) })
	slices.SortStableFunc(ids, func(a, b digest.Digest) int {
		switch pa, pb := platformOf(x.images[a].image), platformOf(x.images[b].image); {
		case want.Less(pa, pb):
			return -1
		case want.Less(pb, pa):
			return 1
		}
		return 0
	})
	return ids
}

// naming is what the names say of an image.
type naming struct {
	tags, digests []string // familiar
	first         string   // record that comes first: tags before digests
	target        digest.Digest
	tagged        time.Time
	part          bool // an index with a name has it
}

func (d *naming) add(record string, n name) {
	if isDigestName(record) {
		d.digests = append(d.digests, familiar(record))
	} else {
		d.tags = append(d.tags, familiar(record))
	}
	if d.first == "" || compareRecords(record, d.first) < 0 {
		d.first, d.target = record, n.target.Digest
	}
	if n.tagged.After(d.tagged) {
		d.tagged = n.tagged
	}
}

// apply returns the image with what its names say of it, nil if it says that already.
func (d *naming) apply(x *index, img Image) *Image {
	slices.Sort(d.tags)
	slices.Sort(d.digests)
	part, several := d.part && d.first == "", x.platforms[d.target]
	if slices.Equal(img.Names, d.tags) && slices.Equal(img.Digests, d.digests) && !d.tagged.After(img.Tagged) && img.Part == part && img.Platforms == several {
		return nil
	}
	img.Names, img.Digests, img.Part, img.Platforms = d.tags, d.digests, part, several
	if d.tagged.After(img.Tagged) {
		img.Tagged = d.tagged
	}
	return &img
}

// compareRecords orders records: tags before digests.
func compareRecords(a, b string) int {
	if da, db := isDigestName(a), isDigestName(b); da != db {
		if da {
			return 1
		}
		return -1
	}
	return strings.Compare(a, b)
}

// find returns the image that ref names: a name, a repository digest, an ID, or the beginning of one. Names come before short IDs. The digest of a
// manifest or an index, which clients of BuildKit give for an ID, is taken for one too.
func (x *index) find(ref string) (*entry, error) {
	if e := x.images[asID(ref)]; e != nil {
		return e, nil
	}
	if named, err := parseName(ref); err == nil {
		if n, ok := x.names[recordName(named)]; ok && x.images[n.id] != nil {
			return x.images[n.id], nil
		}
	}
	if e, err := x.findShort(strings.TrimPrefix(ref, "sha256:")); e != nil || err != nil {
		return e, err
	}
	if e := x.findTarget(asID(ref)); e != nil {
		return e, nil
	}
	return nil, missing(ref)
}

// findTarget returns the image that the names of a manifest or an index mean, nil if there is none.
func (x *index) findTarget(d digest.Digest) *entry {
	if d.Validate() != nil {
		return nil
	}
	for _, n := range x.names {
		if e := x.images[n.id]; e != nil && n.target.Digest == d {
			return e
		}
	}
	return nil
}

// asID is ref as an image's whole ID, if it is one.
func asID(ref string) digest.Digest {
	if hexID(ref) {
		ref = "sha256:" + ref
	}
	return digest.Digest(ref)
}

// missing is the error for a name that no image has, in Docker's words: Python's SDK knows by them that it may pull.
func missing(ref string) error {
	if named, err := parseName(ref); err == nil {
		ref = reference.FamiliarString(named)
	}
	return fmt.Errorf("No such image: %s: %w", ref, errdefs.ErrNotFound) //nolint:staticcheck // Docker's words
}

// findShort returns the one image whose ID begins with prefix, nil if there is none.
func (x *index) findShort(prefix string) (*entry, error) {
	if !isHex(prefix) {
		return nil, nil
	}
	var found *entry
	for i := sort.SearchStrings(x.hex, prefix); i < len(x.hex) && strings.HasPrefix(x.hex[i], prefix); i++ {
		e := x.images[digest.NewDigestFromEncoded(digest.SHA256, x.hex[i])]
		if e == nil || e.image.Removed {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("image ID %s is ambiguous: it begins %s and %s: give more digits: %w",
				prefix, found.image.ShortID(), e.image.ShortID(), errdefs.ErrInvalidArgument)
		}
		found = e
	}
	return found, nil
}

// namesOf returns the record names that mean the image where no platform is asked for, sorted: tags before digests.
func (x *index) namesOf(id digest.Digest) []string {
	var records []string
	for record, n := range x.names {
		if n.id == id {
			records = append(records, record)
		}
	}
	slices.SortFunc(records, compareRecords)
	return records
}
