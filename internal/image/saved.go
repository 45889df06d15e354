package image

import (
	"slices"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// saved is one image of an archive, or several platforms, and the names they are to have.
type saved struct {
	target    ocispec.Descriptor   // the manifest, or an index
	platform  *ocispec.Platform    // of the manifest
	manifests []ocispec.Descriptor // of all images, the one that the names mean first
	others    []ocispec.Descriptor // indexes, and what was attested
	names     []reference.NamedTagged
}

// saved finds the images that refs name, each once, for some platforms, or all that are here.
func (x *index) saved(refs, platforms []string) ([]*saved, error) {
	var out []*saved
	add := func(ref string, names ...reference.NamedTagged) error {
		list, err := x.savedAs(ref, platforms)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(out, func(o *saved) bool { return o.target.Digest == list.target.Digest })
		if at < 0 {
			at = len(out)
			out = append(out, list)
		}
		for _, n := range names {
			if !slices.Contains(out[at].names, n) {
				out[at].names = append(out[at].names, n)
			}
		}
		return nil
	}
	for _, ref := range refs {
		if all := x.tagsOf(ref); len(all) > 0 {
			for _, n := range all {
				if err := add(n.String(), n); err != nil {
					return nil, err
				}
			}
			continue
		}
		var names []reference.NamedTagged
		if tagged, err := parseTag(ref); err == nil {
			if _, is := x.recorded(ref); is {
				names = append(names, tagged)
			}
		}
		if err := add(ref, names...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// savedAs is what is saved of a reference.
func (x *index) savedAs(ref string, platforms []string) (*saved, error) {
	var wanted []Image
	for _, p := range platforms {
		want, err := wantExactly(p)
		if err != nil {
			return nil, err
		}
		e, err := x.findFor(ref, want)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(wanted, func(img Image) bool { return img.ID == e.image.ID }) {
			wanted = append(wanted, e.image)
		}
	}
	e, err := x.findFor(ref, anyPlatform)
	if err != nil {
		return nil, err
	}
	if several := e.image.Platforms; several != nil && len(wanted) != 1 {
		if len(wanted) == 0 {
			for _, id := range several.Images() {
				wanted = append(wanted, x.images[id].image)
			}
		}
		return savedPlatforms(several, wanted, e.image.ID), nil
	}
	img := e.image
	if len(wanted) > 0 {
		img = wanted[0]
	}
	platform := platformOf(img)
	target := img.manifest()
	return &saved{target: target, platform: &platform, manifests: []ocispec.Descriptor{target}}, nil
}

// savedPlatforms is an index with some of its images, and what was attested of those.
func savedPlatforms(several *Platforms, list []Image, first digest.Digest) *saved {
	s := &saved{target: several.Target, others: slices.Clone(several.indexes)}
	about := map[digest.Digest]bool{}
	for _, img := range list {
		d := bare(several.manifestOf(img.ID).Descriptor)
		about[d.Digest] = true
		if img.ID == first {
			s.manifests = slices.Insert(s.manifests, 0, d)
		} else {
			s.manifests = append(s.manifests, d)
		}
	}
	for _, m := range several.Manifests {
		if about[m.About] {
			for _, b := range m.Blobs {
				s.others = append(s.others, ocispec.Descriptor{Digest: b.Digest, Size: b.Size})
			}
		}
	}
	return s
}

// manifest is an image's manifest: as the index has it through which the image was found, or else the one it is kept with.
func (i Image) manifest() ocispec.Descriptor {
	if i.Platforms != nil {
		return bare(i.Platforms.manifestOf(i.ID).Descriptor)
	}
	return i.Target
}

// archived is the entry of the image with that manifest in manifest.json.
func (o *saved) archived(m ocispec.Manifest) archived {
	a := archived{Config: blobPath(m.Config.Digest), RepoTags: []string{}, Layers: []string{}}
	for _, l := range m.Layers {
		a.Layers = append(a.Layers, blobPath(l.Digest))
	}
	for _, n := range o.names {
		a.RepoTags = append(a.RepoTags, reference.FamiliarString(n))
	}
	return a
}

// descriptors are the entries in index.json, one for each name.
func (o *saved) descriptors() []ocispec.Descriptor {
	d := o.target
	d.Platform = o.platform
	if len(o.names) == 0 {
		return []ocispec.Descriptor{d}
	}
	var list []ocispec.Descriptor
	for _, n := range o.names {
		named := d
		named.Annotations = map[string]string{images.AnnotationImageName: n.String(), ocispec.AnnotationRefName: n.Tag()}
		list = append(list, named)
	}
	return list
}
