package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/store"
)

// sources are where the blobs of an image come from and who is told.
type sources struct {
	fetch    fetchFunc                       // brings a blob into the store; nil if all are there
	unpacked func(ocispec.Descriptor, int64) // told how many bytes of a layer were unpacked; may be nil
}

// assemble brings an image's blobs into the store, unpacks its layers while they come, and returns what it is. target is a
// manifest. ctx must hold a lease; the image is not recorded.
func (s *Images) assemble(ctx context.Context, target ocispec.Descriptor, from sources) (*entry, error) {
	synced, err := s.store.Unpacking()
	if err != nil {
		return nil, err
	}
	defer synced()
	unpacker, err := s.store.Unpacker(ctx, store.UnpackOptions{Fetches: s.fetches, Unpacks: s.unpacks, Progress: from.unpacked})
	if err != nil {
		return nil, err
	}
	handler := images.Handlers(
		images.HandlerFunc(func(ctx context.Context, desc ocispec.Descriptor) ([]ocispec.Descriptor, error) {
			if from.fetch == nil {
				return nil, nil
			}
			return nil, from.fetch(ctx, desc)
		}),
		images.SetChildrenMappedLabels(s.store.Content, s.children(target), images.ChildGCLabels),
	)
	err = images.Dispatch(ctx, unpacker.Unpack(handler), nil, target)
	if _, werr := unpacker.Wait(); err == nil { // always waited for: it cleans up
		err = werr
	}
	if layer := (*store.LayerError)(nil); errors.As(err, &layer) {
		return nil, layer // without what the unpacker says of its own doings
	}
	if err != nil {
		return nil, err
	}
	e, err := s.readEntry(ctx, target)
	if err != nil {
		return nil, err
	}
	if !e.unpacked {
		return nil, fmt.Errorf("layers of image %s are not there after unpacking: %w", e.image.ShortID(), errdefs.ErrInternal)
	}
	return e, nil
}

// children names the configuration and the layers of target, once it is in the store, and nothing of any other blob. What the
// image's author wrote beside type, digest and size is left out: containerd reads settings from it.
func (s *Images) children(target ocispec.Descriptor) images.HandlerFunc {
	return func(ctx context.Context, desc ocispec.Descriptor) ([]ocispec.Descriptor, error) {
		if desc.Digest != target.Digest {
			return nil, nil
		}
		blob, err := readBlob(ctx, s.store.Content, desc, maxManifest)
		if err != nil {
			return nil, err
		}
		m, err := parseManifest(blob)
		if err != nil {
			return nil, err
		}
		var list []ocispec.Descriptor
		for _, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
			list = append(list, ocispec.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size})
		}
		return list, nil
	}
}
