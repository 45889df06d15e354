package image

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// missing says whether something of an index is neither here nor in the repository.
func (p *pushing) missing(ctx context.Context, several *Platforms) (bool, error) {
	for _, m := range several.Manifests {
		if m.Here() {
			continue
		}
		there, err := p.to.HasManifest(ctx, m.Descriptor.Digest)
		if err != nil || !there {
			return true, err
		}
	}
	return false, nil
}

// all sends what is here of an index, and then the index.
func (p *pushing) all(ctx context.Context, several *Platforms) error {
	for _, m := range several.Manifests {
		if !m.Here() {
			continue // it is there
		}
		target := bare(m.Descriptor)
		if m.About == "" {
			if err := p.single(ctx, target, target.Digest.String()); err != nil {
				return err
			}
			continue
		}
		a, err := p.readAttestation(ctx, target)
		if err != nil {
			return err
		}
		if err := p.withBlobs(ctx, target, target.Digest.String(), a); err != nil {
			return err
		}
	}
	for _, inner := range slices.Backward(several.indexes[1:]) { // those within others first
		if err := p.manifest(ctx, inner, inner.Digest.String()); err != nil {
			return err
		}
	}
	return p.manifest(ctx, several.Target, p.named.Tag())
}

// compressedPlatforms returns an index that is in x, kept by the lease in ctx. If layers of its images had to be compressed it is a new one, which the names of the old one
// point at from then on; what was attested of the old manifests is attested of the new ones (see attestAnew).
// What was removed since x is NotFound.
func (s *Images) compressedPlatforms(ctx context.Context, x *index, old *Platforms, p *progress) (*Platforms, error) {
	if err := s.store.Keep(ctx, old.Target.Digest); err != nil {
		return nil, err
	}
	var made []*entry
	changed := map[digest.Digest]ocispec.Descriptor{} // by the old manifest
	for _, m := range old.Manifests {
		if m.Image == "" {
			continue
		}
		e, err := s.compressedImage(ctx, x.images[m.Image], m.Descriptor, p)
		if err != nil {
			return nil, err
		}
		made = append(made, e)
		if e.image.Target.Digest != m.Descriptor.Digest {
			changed[m.Descriptor.Digest] = e.image.Target
		}
	}
	if len(changed) == 0 {
		return old, nil
	}
	target, err := s.writeIndex(ctx, old, changed)
	if err != nil {
		return nil, err
	}
	r := recording{images: made, target: target}
	if r.several, err = s.readPlatforms(ctx, target); err != nil {
		return nil, err
	}
	err = s.recordKnown(ctx, r, func(x *index) []string {
		var names []string
		for record, n := range x.names {
			if n.target.Digest == old.Target.Digest && !isDigestName(record) {
				names = append(names, record)
			}
		}
		return names
	})
	return r.several, err
}

// writeIndex stores an index like the old one, with some manifests in the place of others.
func (s *Images) writeIndex(ctx context.Context, old *Platforms, changed map[digest.Digest]ocispec.Descriptor) (ocispec.Descriptor, error) {
	blob, err := readBlob(ctx, s.store.Content, old.Target, maxManifest)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	var index ocispec.Index
	if err := json.Unmarshal(blob, &index); err != nil {
		return ocispec.Descriptor{}, err
	}
	index.MediaType, index.Manifests = ocispec.MediaTypeImageIndex, nil
	for _, m := range old.Manifests {
		d := m.Descriptor
		if about, other := changed[m.About]; other {
			if !m.Here() {
				continue
			}
			d, err = s.attestAnew(ctx, m, about)
			if errdefs.IsInvalidArgument(err) {
				s.log.Warn("an attestation of an image whose layers were compressed is left out", "manifest", m.Descriptor.Digest, "error", err)
				continue
			}
			if err != nil {
				return ocispec.Descriptor{}, err
			}
		}
		if to, other := changed[d.Digest]; other {
			d.MediaType, d.Digest, d.Size = to.MediaType, to.Digest, to.Size
		}
		index.Manifests = append(index.Manifests, d)
	}
	return s.writeJSON(ctx, ocispec.MediaTypeImageIndex, index)
}
