package image

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// attestationType is what BuildKit writes of a manifest in an index that attests something of another, and attestedDigest of which.
	attestationType, attestationKey = "attestation-manifest", "vnd.docker.reference.type"
	attestedDigest                  = "vnd.docker.reference.digest"
	// maxAttested is how much is kept of what was attested of one image, in bytes, the manifests of that included.
	maxAttested = 64 << 20
)

// Platforms is an index of several platforms, which a name can point at in the place of one image. It is shared, and not changed
// once it can be seen.
type Platforms struct {
	Target    ocispec.Descriptor // the index
	Manifests []Manifest         // in its order, those of an index within it in that one's place

	indexes []ocispec.Descriptor // itself and those within it, as far as they are here
}

// Manifest is one entry of an index: an image for a platform, or what was attested of one.
type Manifest struct {
	Descriptor ocispec.Descriptor // as the index has it
	Image      digest.Digest      // ID of the image; "" if it is not here, and for what is no image
	About      digest.Digest      // the manifest of which it attests something; "" for an image
	Blobs      []Blob             // of an attestation that is here: its manifest, and what that names
}

// Here says that the manifest and all that it names came.
func (m Manifest) Here() bool { return m.Image != "" || len(m.Blobs) > 0 }

// Images are the IDs of the images that are here, in the index's order. Of nil there are none.
func (p *Platforms) Images() []digest.Digest {
	if p == nil {
		return nil
	}
	var ids []digest.Digest
	for _, m := range p.Manifests {
		if m.Image != "" && !slices.Contains(ids, m.Image) { // two platforms may have one image
			ids = append(ids, m.Image)
		}
	}
	return ids
}

// hasAll says that entries are here.
func (p *Platforms) hasAll(list []Manifest) bool {
	return p != nil && !slices.ContainsFunc(list, func(want Manifest) bool {
		return !slices.ContainsFunc(p.Manifests, func(m Manifest) bool { return m.Descriptor.Digest == want.Descriptor.Digest && m.Here() })
	})
}

// manifestOf returns the entry of an image that is here.
func (p *Platforms) manifestOf(id digest.Digest) Manifest {
	at := slices.IndexFunc(p.Manifests, func(m Manifest) bool { return m.Image == id })
	return p.Manifests[at]
}

// marked returns a copy in which those images are here for which image gives an ID, and what is attested of others is not.
func (p *Platforms) marked(image func(Manifest) digest.Digest) *Platforms {
	n := *p
	n.Manifests = slices.Clone(p.Manifests)
	for i, m := range n.Manifests {
		if m.About == "" {
			n.Manifests[i].Image = image(m)
		}
	}
	for i, m := range n.Manifests {
		if m.About != "" && !slices.ContainsFunc(n.Manifests, func(o Manifest) bool { return o.Image != "" && o.Descriptor.Digest == m.About }) {
			n.Manifests[i].Blobs = nil
		}
	}
	return &n
}

// readPlatforms reads what an index in the store leads to. Image is set for all manifests whose configuration is there: whether its layers are, the caller
// knows. An index within it that is not here is an entry that is not here.
func (s *Images) readPlatforms(ctx context.Context, target ocispec.Descriptor) (*Platforms, error) {
	r := &platformsReader{
		Images: s, p: &Platforms{Target: bare(target)}, read: map[digest.Digest][]Blob{}, attested: map[[2]digest.Digest][]Blob{}, sizes: map[digest.Digest]int64{},
	}
	return r.p, r.index(ctx, r.p.Target, 0)
}

// platformsReader reads an index and those within it.
type platformsReader struct {
	*Images
	p        *Platforms
	read     map[digest.Digest][]Blob    // what attestations have, by their manifests
	attested map[[2]digest.Digest][]Blob // what an image has of that, by its manifest and the attestation's: an index may name them again
	sizes    map[digest.Digest]int64     // how much that is in bytes, by the image's manifest
}

func (s *platformsReader) index(ctx context.Context, desc ocispec.Descriptor, depth int) error {
	p := s.p
	blob, err := readBlob(ctx, s.store.Content, desc, maxManifest)
	if err != nil {
		return err
	}
	x, err := parseIndex(blob)
	if err != nil {
		return err
	}
	if depth > maxIndexDepth {
		return fmt.Errorf("manifest lists are nested more than %d deep: %w", maxIndexDepth, errdefs.ErrInvalidArgument)
	}
	p.indexes = append(p.indexes, bare(desc))
	for _, d := range x.Manifests {
		if len(p.Manifests)+len(p.indexes) > maxIndexEntries {
			return fmt.Errorf("manifest lists name more than %d manifests: %w", maxIndexEntries, errdefs.ErrInvalidArgument)
		}
		if isSeveral(d) {
			switch err := s.index(ctx, d, depth+1); {
			case err == nil:
				continue
			case !errdefs.IsNotFound(err):
				return err
			}
		}
		m := Manifest{Descriptor: d}
		if d.Annotations[attestationKey] == attestationType {
			m.About = digest.Digest(d.Annotations[attestedDigest])
			m.Blobs = s.attestation(ctx, m.About, d)
		} else if read, _, err := s.readManifest(ctx, bare(d)); err == nil {
			m.Image = read.Config.Digest
		}
		p.Manifests = append(p.Manifests, m)
	}
	return nil
}

// attestation are the blobs of an attestation, if all are here, and if an image may have them beside what else was attested of it.
func (s *platformsReader) attestation(ctx context.Context, about digest.Digest, desc ocispec.Descriptor) []Blob {
	pair := [2]digest.Digest{about, desc.Digest}
	if blobs, ok := s.attested[pair]; ok {
		return blobs
	}
	blobs, ok := s.read[desc.Digest]
	if !ok {
		blobs = s.attestationBlobs(ctx, desc)
		s.read[desc.Digest] = blobs
	}
	if n := sizeOf(blobs); n > maxAttested-s.sizes[about] {
		blobs = nil
	} else {
		s.sizes[about] += n
	}
	s.attested[pair] = blobs
	return blobs
}

// attestationBlobs are the blobs of an attestation, if all are here, and as large as it says.
func (s *Images) attestationBlobs(ctx context.Context, desc ocispec.Descriptor) []Blob {
	m, err := s.readAttestation(ctx, desc)
	if err != nil {
		return nil
	}
	blobs := attestedBlobs(desc, m)
	for _, b := range blobs {
		if info, err := s.store.Content.Info(ctx, b.Digest); err != nil || info.Size != b.Size {
			return nil
		}
	}
	return blobs
}

// attestedBlobs are the blobs of an attestation.
func attestedBlobs(desc ocispec.Descriptor, m ocispec.Manifest) []Blob {
	var blobs []Blob
	for _, d := range append([]ocispec.Descriptor{desc, m.Config}, m.Layers...) {
		blobs = append(blobs, Blob{d.Digest, d.Size})
	}
	return blobs
}

// sizeOf is how many bytes blobs have, each as often as it is named.
func sizeOf(blobs []Blob) int64 {
	all := int64(0)
	for _, b := range blobs {
		all += b.Size
	}
	return all
}

// attestations are the entries of an index that attest something of a manifest, each once.
func (p *Platforms) attestations(about digest.Digest) []Manifest {
	var list []Manifest
	for _, m := range p.Manifests {
		if m.About == about && about != "" && !slices.ContainsFunc(list, func(o Manifest) bool { return o.Descriptor.Digest == m.Descriptor.Digest }) {
			list = append(list, m)
		}
	}
	return list
}

// readAttestation reads the manifest of an attestation: its layers are statements.
func (s *Images) readAttestation(ctx context.Context, desc ocispec.Descriptor) (ocispec.Manifest, error) {
	blob, err := readBlob(ctx, s.store.Content, bare(desc), maxManifest)
	if err != nil {
		return ocispec.Manifest{}, err
	}
	return parseAttestation(blob)
}

func parseAttestation(blob []byte) (ocispec.Manifest, error) {
	var m ocispec.Manifest
	if err := checkKind(blob, "manifest"); err != nil {
		return m, err
	}
	if err := json.Unmarshal(blob, &m); err != nil {
		return m, fmt.Errorf("attestation: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	if len(m.Layers) > maxLayers {
		return m, fmt.Errorf("attestation names %d statements, %d is the most: %w", len(m.Layers), maxLayers, errdefs.ErrInvalidArgument)
	}
	all := int64(0)
	for _, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
		if err := d.Digest.Validate(); err != nil {
			return m, fmt.Errorf("attestation: digest %.100q: %w: %w", d.Digest, err, errdefs.ErrInvalidArgument)
		}
		if d.Size < 0 || d.Size > maxAttested-all {
			return m, fmt.Errorf("attestation has more than %d bytes: %w", maxAttested, errdefs.ErrInvalidArgument)
		}
		all += d.Size
	}
	return m, nil
}
