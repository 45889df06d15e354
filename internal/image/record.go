package image

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// removedLabel marks the record of an image that was removed by force while containers use it.
const removedLabel = "tug/removed"

// record makes an image known under the given record names, durably and then in memory. A name that another image had
// is taken from it. If all of this is so already, nothing is written. A lease in ctx must hold the image's blobs.
func (s *Images) record(ctx context.Context, e *entry, records ...string) (Image, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.recordLocked(ctx, recording{images: []*entry{e}, target: e.image.Target, names: records})
}

// recording is what is to be known: images, and the names of one of them, or of an index that has them.
type recording struct {
	images  []*entry
	target  ocispec.Descriptor // what the names are to point at
	several *Platforms         // that, if it is an index
	names   []string           // of records
}

// recordAll is record for several images. It returns the one that the names mean where no platform is asked for.
func (s *Images) recordAll(ctx context.Context, r recording) (Image, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.recordLocked(ctx, r)
}

// recordKnown is recordAll for images that are known already, with those names that names gives when it is done. What was removed meanwhile stays so (NotFound).
func (s *Images) recordKnown(ctx context.Context, r recording, names func(*index) []string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	x := s.index.Load()
	for _, e := range r.images {
		if known := x.images[e.image.ID]; known == nil || known.image.Removed {
			return missing(e.image.ID.String())
		}
	}
	r.names = names(x)
	_, err := s.recordLocked(ctx, r)
	return err
}

// recordLocked is recordAll for one who holds writing.
func (s *Images) recordLocked(ctx context.Context, r recording) (Image, error) {
	ctx = s.store.Context(ctx)
	if s.known(r) {
		return s.recordedImage(r), nil
	}
	if r.several != nil {
		if err := s.holdManifests(ctx, r); err != nil {
			return Image{}, err
		}
	}
	err := s.store.Update(ctx, func(ctx context.Context) error {
		for _, e := range r.images {
			if err := s.put(ctx, images.Image{Name: e.image.ID.String(), Target: e.image.Target}); err != nil {
				return err
			}
		}
		for _, n := range r.names {
			if err := s.put(ctx, images.Image{Name: n, Target: bare(r.target)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Image{}, fmt.Errorf("record image %s: %w", r.images[0].image.ShortID(), err)
	}
	now := time.Now()
	s.index.Store(s.index.Load().with(func(x *index) {
		for _, e := range r.images {
			fresh := *e
			fresh.image.Tagged, fresh.image.Removed = now, false
			x.images[e.image.ID] = &fresh
			x.arrived(e.image)
		}
		if r.several != nil {
			x.platforms[r.target.Digest] = x.here(r.several)
		}
		for _, n := range r.names {
			x.names[n] = name{target: bare(r.target), id: r.images[0].image.ID, tagged: now}
		}
	}))
	return s.recordedImage(r), nil
}

// recordedImage is the image that a recording's names mean.
func (s *Images) recordedImage(r recording) Image {
	x := s.index.Load()
	e := x.images[r.images[0].image.ID]
	if len(r.names) > 0 && x.images[x.names[r.names[0]].id] != nil {
		e = x.images[x.names[r.names[0]].id]
	}
	return e.image
}

// known says that all of a recording is known already.
func (s *Images) known(r recording) bool {
	x := s.index.Load()
	for _, e := range r.images {
		old := x.images[e.image.ID]
		if old == nil || old.image.Removed || !old.unpacked || old.image.Target.Digest != e.image.Target.Digest || !slices.Equal(old.root.Layers, e.root.Layers) {
			return false
		}
	}
	if p := r.several; p != nil && !x.platforms[p.Target.Digest].hasAll(r.kept()) {
		return false
	}
	return !slices.ContainsFunc(r.names, func(n string) bool { return x.names[n].target.Digest != r.target.Digest })
}

// here is an index of several platforms with those of its images that are known.
func (x *index) here(p *Platforms) *Platforms {
	return p.marked(func(m Manifest) digest.Digest {
		if e := x.images[m.Image]; e == nil || e.image.Removed {
			return ""
		}
		return m.Image
	})
}

// arrived notes an image in the indexes that have its manifest.
func (x *index) arrived(img Image) {
	for d, p := range x.platforms {
		is := func(m Manifest) bool { return m.Descriptor.Digest == img.Target.Digest }
		if slices.ContainsFunc(p.Manifests, func(m Manifest) bool { return m.Image == "" && is(m) }) {
			x.platforms[d] = p.marked(func(m Manifest) digest.Digest {
				if is(m) {
					return img.ID
				}
				return m.Image
			})
		}
	}
}

// kept are the entries of a recording's index that are kept with it: those of its images, and what is attested of them.
func (r *recording) kept() []Manifest {
	ids, manifests := map[digest.Digest]bool{}, map[digest.Digest]bool{}
	for _, e := range r.images {
		ids[e.image.ID] = true
	}
	for _, m := range r.several.Manifests {
		if ids[m.Image] {
			manifests[m.Descriptor.Digest] = true
		}
	}
	var list []Manifest
	for _, m := range r.several.Manifests {
		if manifests[m.Descriptor.Digest] || manifests[m.About] && m.Here() {
			list = append(list, m)
		}
	}
	return list
}

// holdManifests keeps the manifests of an index's images, and what is attested of them, as long as the index is kept, also if an image gets another
// manifest.
func (s *Images) holdManifests(ctx context.Context, r recording) error {
	labels := map[string]string{}
	for _, m := range r.kept() {
		labels[heldLabel(m.Descriptor.Digest)] = m.Descriptor.Digest.String()
	}
	for _, inner := range r.several.indexes[1:] {
		labels[heldLabel(inner.Digest)] = inner.Digest.String()
	}
	return s.label(ctx, r.target.Digest, labels)
}

// heldLabel is the label by which one blob keeps another from being collected.
func heldLabel(d digest.Digest) string { return "containerd.io/gc.ref.content." + d.Encoded()[:16] }

// label sets labels of a blob; an empty value takes the label away.
func (s *Images) label(ctx context.Context, blob digest.Digest, labels map[string]string) error {
	var fields []string
	for l := range labels {
		fields = append(fields, "labels."+l)
	}
	if len(fields) == 0 {
		return nil
	}
	_, err := s.store.Content.Update(s.store.Context(ctx), content.Info{Digest: blob, Labels: labels}, fields...)
	return err
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

// unrecord takes records away, durably and then in memory, and marks images as removed although containers use their layers (Unuse ends that): all of
// it or nothing. An image goes with the record of its ID.
func (s *Images) unrecord(ctx context.Context, records []string, hidden ...Image) error {
	for _, n := range records {
		if err := s.releaseManifests(ctx, digest.Digest(n)); err != nil {
			return fmt.Errorf("remove image records: %w", err)
		}
	}
	err := s.store.Update(s.store.Context(ctx), func(ctx context.Context) error {
		for _, n := range records {
			if err := s.store.Images.Delete(ctx, n); err != nil && !errdefs.IsNotFound(err) {
				return err
			}
		}
		for _, img := range hidden {
			if err := s.put(ctx, images.Image{Name: img.ID.String(), Target: img.Target, Labels: map[string]string{removedLabel: "1"}}); err != nil {
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
		for _, img := range hidden {
			e := *x.images[img.ID]
			e.image.Removed = true
			x.images[img.ID] = &e
		}
		x.recount()
	}))
	return nil
}

// releaseManifests has the indexes that keep an image's manifests let go of them, and of what is attested of them.
func (s *Images) releaseManifests(ctx context.Context, id digest.Digest) error {
	for d, p := range s.index.Load().platforms {
		labels, goes := map[string]string{}, map[digest.Digest]bool{}
		for _, m := range p.Manifests {
			if m.Image == id && m.Image != "" {
				labels[heldLabel(m.Descriptor.Digest)], goes[m.Descriptor.Digest] = "", true
			}
		}
		for _, m := range p.Manifests {
			if goes[m.About] && m.Here() {
				labels[heldLabel(m.Descriptor.Digest)] = ""
			}
		}
		if err := s.label(ctx, d, labels); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// recount has no index say of an image that it is here when it is not.
func (x *index) recount() {
	for d, p := range x.platforms {
		if slices.ContainsFunc(p.Images(), func(id digest.Digest) bool { return x.images[id] == nil || x.images[id].image.Removed }) {
			x.platforms[d] = x.here(p)
		}
	}
}
