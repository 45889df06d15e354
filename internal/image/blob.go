package image

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// writeBlob writes r into the store and returns its digest and size. want is the digest that it must have, or "".
func (s *Images) writeBlob(ctx context.Context, r io.Reader, want digest.Digest) (ocispec.Descriptor, error) {
	ref := "write-" + rand.Text()
	w, err := content.OpenWriter(ctx, s.store.Content, content.WithRef(ref), content.WithDescriptor(ocispec.Descriptor{Digest: want}))
	if errdefs.IsAlreadyExists(err) {
		return s.existing(ctx, want)
	}
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer w.Close()
	size, err := io.Copy(w, r)
	if err != nil {
		return ocispec.Descriptor{}, errors.Join(err, s.store.Content.Abort(context.WithoutCancel(ctx), ref))
	}
	desc := ocispec.Descriptor{Digest: w.Digest(), Size: size}
	if want != "" && want != desc.Digest {
		err := fmt.Errorf("content is %s and not %s as it says: the archive or the transfer is damaged: %w", desc.Digest, want, errdefs.ErrInvalidArgument)
		return ocispec.Descriptor{}, errors.Join(err, s.store.Content.Abort(context.WithoutCancel(ctx), ref))
	}
	if err := w.Commit(ctx, size, desc.Digest); err != nil && !errdefs.IsAlreadyExists(err) {
		return ocispec.Descriptor{}, err
	}
	return desc, nil
}

// existing describes a blob that is in the store.
func (s *Images) existing(ctx context.Context, d digest.Digest) (ocispec.Descriptor, error) {
	info, err := s.store.Content.Info(ctx, d)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return ocispec.Descriptor{Digest: d, Size: info.Size}, nil
}

// writeJSON writes v into the store as a blob of the given type.
func (s *Images) writeJSON(ctx context.Context, mediaType string, v any) (ocispec.Descriptor, error) {
	blob, err := json.Marshal(v)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	desc, err := s.writeBlob(ctx, bytes.NewReader(blob), digest.FromBytes(blob))
	desc.MediaType = mediaType
	return desc, err
}

// writeManifest makes a manifest of a configuration and layers that are in the store.
func (s *Images) writeManifest(ctx context.Context, config ocispec.Descriptor, layers []ocispec.Descriptor) (ocispec.Descriptor, error) {
	if layers == nil {
		layers = []ocispec.Descriptor{}
	}
	config.MediaType = ocispec.MediaTypeImageConfig
	return s.writeJSON(ctx, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    layers,
	})
}

// layerType tells a layer blob's media type by its first bytes.
func (s *Images) layerType(ctx context.Context, desc ocispec.Descriptor) (string, error) {
	ra, err := s.store.Content.ReaderAt(ctx, desc)
	if err != nil {
		return "", err
	}
	defer ra.Close()
	head := make([]byte, 4)
	n, err := ra.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", err
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return ocispec.MediaTypeImageLayerGzip, nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return ocispec.MediaTypeImageLayerZstd, nil
	}
	return ocispec.MediaTypeImageLayer, nil
}

// isJSONType says that a blob of the type is a manifest, an index or a configuration, which are small.
func isJSONType(mediaType string) bool {
	return images.IsManifestType(mediaType) || images.IsIndexType(mediaType) || images.IsConfigType(mediaType)
}
