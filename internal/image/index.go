package image

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// index is all images in memory. It is not changed once it can be seen: a change makes a new one.
type index struct {
	images map[digest.Digest]*entry
	names  map[string]name // by record name
	hex    []string        // the IDs' digits, sorted, for short IDs
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
	id     digest.Digest
	tagged time.Time
}

func newIndex() *index { return &index{images: map[digest.Digest]*entry{}, names: map[string]name{}} }

// with returns a copy of the index that edit has changed: images may be put, taken away and replaced in it, not changed in place.
func (x *index) with(edit func(*index)) *index {
	n := &index{images: maps.Clone(x.images), names: maps.Clone(x.names)}
	edit(n)
	n.finish()
	return n
}

// finish derives what follows from images and names.
func (x *index) finish() {
	tags, digests, tagged := map[digest.Digest][]string{}, map[digest.Digest][]string{}, map[digest.Digest]time.Time{}
	for record, n := range x.names {
		if isDigestName(record) {
			digests[n.id] = append(digests[n.id], familiar(record))
		} else {
			tags[n.id] = append(tags[n.id], familiar(record))
		}
		if n.tagged.After(tagged[n.id]) {
			tagged[n.id] = n.tagged
		}
	}
	x.hex = x.hex[:0]
	for id, e := range x.images {
		slices.Sort(tags[id])
		slices.Sort(digests[id])
		if !slices.Equal(e.image.Names, tags[id]) || !slices.Equal(e.image.Digests, digests[id]) || tagged[id].After(e.image.Tagged) {
			changed := *e
			changed.image.Names, changed.image.Digests = tags[id], digests[id]
			if tagged[id].After(e.image.Tagged) {
				changed.image.Tagged = tagged[id]
			}
			x.images[id] = &changed
		}
		x.hex = append(x.hex, id.Encoded())
	}
	sort.Strings(x.hex)
}

// find returns the image that ref names: a name, a repository digest, an ID, or the beginning of one. Names come before short IDs.
func (x *index) find(ref string) (*entry, error) {
	if hexID(ref) {
		ref = "sha256:" + ref
	}
	if e := x.images[digest.Digest(ref)]; e != nil {
		return e, nil
	}
	if named, err := parseName(ref); err == nil {
		if n, ok := x.names[recordName(named)]; ok {
			return x.images[n.id], nil
		}
	}
	if e, err := x.findShort(strings.TrimPrefix(ref, "sha256:")); e != nil || err != nil {
		return e, err
	}
	return nil, missing(ref)
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

// namesOf returns the record names that lead to the image, sorted: tags before digests.
func (x *index) namesOf(id digest.Digest) []string {
	var records []string
	for record, n := range x.names {
		if n.id == id {
			records = append(records, record)
		}
	}
	slices.SortFunc(records, func(a, b string) int {
		if da, db := isDigestName(a), isDigestName(b); da != db {
			if da {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	return records
}
