package build

import (
	"context"
	"fmt"
	"io"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/pkg/labels"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/store"
)

// presentLayer is the type of mount that stands for a layer that is unpacked already.
const presentLayer = "present"

// unpacker unpacks layers as the image store does, but for those that are unpacked already.
type unpacker struct {
	store *store.Store
	blobs content.Store
}

// Apply implements diff.Applier.
func (u *unpacker) Apply(ctx context.Context, desc ocispec.Descriptor, mounts []mount.Mount, opts ...diff.ApplyOpt) (ocispec.Descriptor, error) {
	if len(mounts) != 1 || mounts[0].Type != presentLayer {
		return u.store.Applier.Apply(u.store.Context(ctx), desc, mounts, opts...)
	}
	content, err := u.uncompressed(ctx, desc)
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: content}, err
}

// uncompressed is the digest of what is in a layer's blob. Whoever unpacked it has noted that.
func (u *unpacker) uncompressed(ctx context.Context, desc ocispec.Descriptor) (digest.Digest, error) {
	info, err := u.blobs.Info(ctx, desc.Digest)
	if err != nil {
		return "", err
	}
	if noted, err := digest.Parse(info.Labels[labels.LabelUncompressed]); err == nil {
		return noted, nil
	}
	blob, err := u.blobs.ReaderAt(ctx, desc)
	if err != nil {
		return "", err
	}
	defer blob.Close()
	plain, err := store.Decompress(io.NewSectionReader(blob, 0, blob.Size()))
	if err != nil {
		return "", fmt.Errorf("layer %s: %w", desc.Digest, err)
	}
	defer plain.Close()
	return digest.FromReader(plain)
}
