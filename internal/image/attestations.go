package image

import (
	"context"
	"fmt"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// predicateKey is what BuildKit writes of a statement: what kind of thing it says.
const predicateKey = "in-toto.io/predicate-type"

// Statement is something that was attested of an image: how it was built, what is in it.
type Statement struct {
	Descriptor ocispec.Descriptor
	Predicate  string // its kind, a URI
	Body       []byte // JSON; nil if it was not asked for
}

// bringAttestations fetches what is attested of a manifest. What the registry does not have, and what is larger than it may
// be, is left out: an image runs without.
func (p *pull) bringAttestations(ctx context.Context, several *Platforms, about digest.Digest) error {
	left := int64(maxAttested)
	for _, m := range several.attestations(about) {
		if !images.IsManifestType(m.Descriptor.MediaType) {
			continue
		}
		n, err := p.bringAttestation(ctx, m.Descriptor, left)
		if errdefs.IsNotFound(err) || errdefs.IsInvalidArgument(err) {
			p.log.Warn("an attestation of an image is left out", "manifest", m.Descriptor.Digest, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		left -= n
		if err := p.holdAttestation(ctx, m.Descriptor); err != nil {
			return err
		}
	}
	return nil
}

// bringAttestation fetches an attestation, and says how many bytes it has. One of more than most is not fetched (InvalidArgument).
func (p *pull) bringAttestation(ctx context.Context, desc ocispec.Descriptor, most int64) (int64, error) {
	tooMuch := fmt.Errorf("more than %d bytes are attested of the image: %w", maxAttested, errdefs.ErrInvalidArgument)
	if desc.Size > most {
		return 0, tooMuch
	}
	if err := p.fetch(ctx, desc, nil); err != nil {
		return 0, err
	}
	m, err := p.readAttestation(ctx, desc)
	if err != nil {
		return 0, err
	}
	n := sizeOf(attestedBlobs(desc, m))
	if n > most {
		return 0, tooMuch
	}
	for _, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
		if err := p.fetch(ctx, bare(d), nil); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// holdAttestation has an attestation keep all that it names. The index that has it keeps it (see holdManifests).
func (s *Images) holdAttestation(ctx context.Context, desc ocispec.Descriptor) error {
	m, err := s.readAttestation(ctx, desc)
	if err != nil {
		return err
	}
	labels := map[string]string{}
	for _, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
		labels[heldLabel(d.Digest)] = d.Digest.String()
	}
	return s.label(ctx, desc.Digest, labels)
}

// Attestations returns what is attested of an image, for a platform as GetFor has it; with the statements' bodies if they are asked for, and of
// certain kinds if any are named.
func (s *Images) Attestations(ctx context.Context, ref, platform string, kinds map[string]bool, bodies bool) ([]Statement, error) {
	img, err := s.GetFor(ctx, ref, platform)
	if err != nil || img.Platforms == nil {
		return nil, err
	}
	ctx = s.store.Context(ctx)
	about := img.Platforms.manifestOf(img.ID).Descriptor.Digest
	var list []Statement
	for _, a := range img.Platforms.attestations(about) {
		if !a.Here() {
			continue
		}
		m, err := s.readAttestation(ctx, a.Descriptor)
		if err != nil {
			return nil, err
		}
		for _, l := range m.Layers {
			statement := Statement{Descriptor: l, Predicate: l.Annotations[predicateKey]}
			if statement.Predicate == "" || len(kinds) > 0 && !kinds[statement.Predicate] {
				continue
			}
			if bodies {
				if statement.Body, err = readBlob(ctx, s.store.Content, l, maxAttested); err != nil {
					return nil, err
				}
			}
			list = append(list, statement)
		}
	}
	return list, nil
}
