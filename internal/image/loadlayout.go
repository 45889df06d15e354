package image

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// layoutImages finds the images in an OCI layout that was read: those of the wanted platforms, or all.
func (s *Images) layoutImages(ctx context.Context, b *bundle, want []wanted) ([]bundled, error) {
	var list merged
	for _, d := range layoutEntries(*b.index, want) {
		found, configs, err := s.layoutImage(ctx, b, d, want)
		if err != nil {
			return nil, err
		}
		var tags []string
		if n := layoutName(d); n != "" {
			tags = []string{n}
		} else {
			for _, c := range configs { // what manifest.json calls one of them, if that is there too
				tags = append(tags, b.tagsOf(c)...)
			}
		}
		if found.names, err = tagRecords(tags); err != nil {
			return nil, err
		}
		list.add(found)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no image for the platform is in it: %w", errdefs.ErrNotFound)
	}
	return list, nil
}

// layoutImage is what an entry of a layout's index leads to, and the configurations of its images.
func (s *Images) layoutImage(ctx context.Context, b *bundle, d ocispec.Descriptor, want []wanted) (bundled, []digest.Digest, error) {
	if !isSeveral(d) {
		target, err := s.resolve(ctx, d, anyPlatform, nil) // refuses what is no image
		if err != nil {
			return bundled{}, nil, err
		}
		img, err := s.bundledImage(ctx, b, target)
		if err != nil {
			return bundled{}, nil, err
		}
		for _, w := range want {
			if err := w.provided(img); err != nil {
				return bundled{}, nil, err
			}
		}
		return bundled{target: img.Target, images: []ocispec.Descriptor{img.Target}}, []digest.Digest{img.ID}, nil
	}
	if err := b.has("manifest list", d); err != nil {
		return bundled{}, nil, err
	}
	several, err := s.readPlatforms(ctx, d)
	if err != nil {
		return bundled{}, nil, err
	}
	found, configs, there := bundled{target: bare(d)}, []digest.Digest(nil), make([]bool, len(want))
	var part error // why the first platform that is in it is not whole
	for _, m := range several.Manifests {
		if m.About != "" || b.digestOf(blobPath(m.Descriptor.Digest)) == "" {
			continue
		}
		img, err := s.bundledImage(ctx, b, m.Descriptor)
		if err != nil && part == nil && listed(m.Descriptor.Platform, want) {
			part = err
		}
		if err != nil || len(want) > 0 && !serves(img, want, there) {
			continue
		}
		found.images, configs = append(found.images, img.Target), append(configs, img.ID)
	}
	for i, w := range want {
		if !there[i] {
			return bundled{}, nil, cmp.Or(part, fmt.Errorf("no matching manifest for %s in the manifest list entries: %w", w.name, errdefs.ErrNotFound))
		}
	}
	if len(found.images) == 0 {
		return bundled{}, nil, cmp.Or(part, fmt.Errorf("none of the platforms of %s is in it: %w", d.Digest, errdefs.ErrNotFound))
	}
	return found, configs, nil
}

// listed says that an index has an entry for a platform that is wanted, or for any if none is.
func listed(p *ocispec.Platform, want []wanted) bool {
	return len(want) == 0 || p != nil && slices.ContainsFunc(want, func(w wanted) bool { return w.Match(*p) })
}

// serves notes which wanted platforms an image serves, and says whether it serves any.
func serves(img Image, want []wanted, there []bool) bool {
	found := false
	for i, w := range want {
		if w.Match(platformOf(img)) {
			there[i], found = true, true
		}
	}
	return found
}

// bundledImage is the image of a manifest of a layout, all of which must be in it.
func (s *Images) bundledImage(ctx context.Context, b *bundle, d ocispec.Descriptor) (Image, error) {
	if err := b.has("image manifest", d); err != nil {
		return Image{}, err
	}
	blob, err := readBlob(ctx, s.store.Content, bare(d), maxManifest)
	if err != nil {
		return Image{}, err
	}
	m, err := parseManifest(blob)
	if err != nil {
		return Image{}, err
	}
	if err := b.has("image configuration", m.Config); err != nil {
		return Image{}, err
	}
	for _, l := range m.Layers {
		if err := b.has("layer", l); err != nil {
			return Image{}, err
		}
	}
	m, c, err := s.readManifest(ctx, bare(d))
	return newImage(bare(d), m, c), err
}

// heldPlatforms reads an index in the store, and has what is attested of its manifests keep what belongs to it.
func (s *Images) heldPlatforms(ctx context.Context, target ocispec.Descriptor) (*Platforms, error) {
	several, err := s.readPlatforms(ctx, target)
	if err != nil {
		return nil, err
	}
	held := map[digest.Digest]bool{} // an index may name one again
	for _, m := range several.Manifests {
		if m.About == "" || !m.Here() || held[m.Descriptor.Digest] {
			continue
		}
		held[m.Descriptor.Digest] = true
		if err := s.holdAttestation(ctx, m.Descriptor); err != nil && !errdefs.IsNotFound(err) { // of a platform that is not here
			return nil, err
		}
	}
	return several, nil
}

// layoutEntries are the entries of a layout's index that are to be loaded. Where several have one name, as in a layout of an image for several
// platforms without an index of its own, it is the one that serves best.
func layoutEntries(x ocispec.Index, want []wanted) []ocispec.Descriptor {
	var groups [][]ocispec.Descriptor // of one name each, in the archive's order
	at := map[string]int{}
	for _, d := range x.Manifests {
		if d.Platform != nil && (d.Platform.OS == "unknown" || !listed(d.Platform, want)) {
			continue // an attestation, or not asked for
		}
		name := layoutName(d)
		if i, ok := at[name]; ok && name != "" {
			groups[i] = append(groups[i], d)
			continue
		}
		at[name] = len(groups)
		groups = append(groups, []ocispec.Descriptor{d})
	}
	best, _ := wantPlatform("") // this host's is one
	if len(want) > 0 {
		best = want[0]
	}
	var list []ocispec.Descriptor
	for _, same := range groups {
		if fit := choose(ocispec.Index{Manifests: same}, best); len(fit) > 0 {
			same = fit
		}
		list = append(list, same[0])
	}
	return list
}

// layoutName is the name that an entry of a layout's index gives itself: the full name that containerd and BuildKit write, or a
// ref.name that is a full name; "" if there is none.
func layoutName(d ocispec.Descriptor) string {
	if n := d.Annotations[images.AnnotationImageName]; n != "" {
		return n
	}
	if n := d.Annotations[ocispec.AnnotationRefName]; fullName(n) {
		return n
	}
	return ""
}
