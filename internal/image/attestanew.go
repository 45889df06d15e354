package image

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// statementType is the media type of a statement that is not signed (in-toto attestation framework, Statement layer).
const statementType = "application/vnd.in-toto+json"

// attestAnew stores an attestation once more, of another manifest of the same image, and gives its entry for an index. Errors: InvalidArgument, if what is
// attested is no statement, as one that is signed.
func (s *Images) attestAnew(ctx context.Context, old Manifest, about ocispec.Descriptor) (ocispec.Descriptor, error) {
	entry := old.Descriptor
	m, err := s.readAttestation(ctx, entry)
	if err != nil {
		return entry, err
	}
	renamed := map[digest.Digest]digest.Digest{old.About: about.Digest}
	for i, l := range m.Layers {
		blob, err := readBlob(ctx, s.store.Content, bare(l), maxAttested)
		if err != nil {
			return entry, err
		}
		if l.MediaType != statementType {
			return entry, fmt.Errorf("%s is of type %.100q and no statement: %w", l.Digest, l.MediaType, errdefs.ErrInvalidArgument)
		}
		statement, err := ofSubject(blob, old.About, about.Digest)
		if err != nil {
			return entry, fmt.Errorf("statement %s: %w", l.Digest, err)
		}
		to, err := s.writeJSON(ctx, l.MediaType, statement)
		if err != nil {
			return entry, err
		}
		renamed[l.Digest] = to.Digest
		m.Layers[i].Digest, m.Layers[i].Size = to.Digest, to.Size
	}
	if m.Config, err = s.attestationConfig(ctx, m.Config, renamed); err != nil {
		return entry, err
	}
	if m.Subject != nil && m.Subject.Digest == old.About {
		m.Subject = &ocispec.Descriptor{MediaType: about.MediaType, Digest: about.Digest, Size: about.Size}
	}
	to, err := s.writeJSON(ctx, entry.MediaType, m)
	if err != nil {
		return entry, err
	}
	entry.Digest, entry.Size, entry.Annotations = to.Digest, to.Size, maps.Clone(entry.Annotations)
	entry.Annotations[attestedDigest] = about.Digest.String()
	return entry, nil
}

// ofSubject gives a statement with a digest in the place of another among its subjects. All else stays as it is. Errors: InvalidArgument.
func ofSubject(statement []byte, old, about digest.Digest) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	var subjects []map[string]json.RawMessage
	if err := json.Unmarshal(statement, &all); err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	if err := json.Unmarshal(all["subject"], &subjects); err != nil {
		return nil, fmt.Errorf("its subjects: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	for _, s := range subjects {
		var digests map[string]string
		if err := json.Unmarshal(s["digest"], &digests); err != nil {
			return nil, fmt.Errorf("digests of a subject: %w: %w", err, errdefs.ErrInvalidArgument)
		}
		if digests[old.Algorithm().String()] != old.Encoded() {
			continue
		}
		blob, err := json.Marshal(map[string]string{about.Algorithm().String(): about.Encoded()})
		if err != nil {
			return nil, err
		}
		s["digest"] = blob
	}
	blob, err := json.Marshal(subjects)
	all["subject"] = blob
	return all, err
}

// attestationConfig stores the configuration of an attestation with the digests of other statements. One that names none is left as it is.
func (s *Images) attestationConfig(ctx context.Context, config ocispec.Descriptor, renamed map[digest.Digest]digest.Digest) (ocispec.Descriptor, error) {
	blob, err := readBlob(ctx, s.store.Content, bare(config), maxAttested)
	if err != nil {
		return config, err
	}
	var all map[string]json.RawMessage
	var root ocispec.RootFS
	if err := json.Unmarshal(blob, &all); err != nil || all["rootfs"] == nil {
		return config, nil
	}
	if err := json.Unmarshal(all["rootfs"], &root); err != nil {
		return config, fmt.Errorf("configuration of an attestation: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	for i, d := range root.DiffIDs {
		if to, ok := renamed[d]; ok {
			root.DiffIDs[i] = to
		}
	}
	if all["rootfs"], err = json.Marshal(root); err != nil {
		return config, err
	}
	return s.writeJSON(ctx, config.MediaType, all)
}
