package image

import (
	"context"
	"fmt"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/store"
)

// sources are where the blobs of an image come from and who is told.
type sources struct {
	fetch    fetchFunc                       // brings a layer's blob into the store; nil if all are there
	pass     passFunc                        // has a layer's blob read without keeping it; nil if blobs are to be kept
	early    *store.Early                    // has some layers unpacked already; may be nil
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
	m, c, err := s.readManifest(ctx, target)
	if err != nil {
		return nil, err
	}
	hold := images.SetChildrenMappedLabels(s.store.Content, s.children(target, from.pass == nil), images.ChildGCLabels)
	if _, err := hold(ctx, target); err != nil {
		return nil, err
	}
	if from.fetch == nil && from.early == nil {
		if e, err := s.readEntry(ctx, target); err == nil && e.unpacked {
			return e, nil // as what a build has made is, under other names than Unpack knows
		}
	}
	layers := make([]store.Layer, len(m.Layers))
	for i, l := range m.Layers {
		layers[i] = store.Layer{Blob: bare(l), DiffID: c.RootFS.DiffIDs[i]}
	}
	err = s.store.Unpack(ctx, bare(m.Config), layers, store.UnpackOptions{
		Fetch: from.fetch, Pass: from.pass, Fetches: s.reach.Load().fetches, Unpacks: s.unpacks, Early: from.early, Progress: from.unpacked,
	})
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

// children names the configuration of target, and its layers if their blobs are to be kept, once it is in the store, and nothing of any other blob. What the
// image's author wrote beside type, digest and size is left out: containerd reads settings from it.
func (s *Images) children(target ocispec.Descriptor, layers bool) images.HandlerFunc {
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
		list := []ocispec.Descriptor{bare(m.Config)}
		for _, d := range m.Layers {
			if layers {
				list = append(list, bare(d))
			}
		}
		return list, nil
	}
}

// bare is a descriptor without what its author wrote beside type, digest and size.
func bare(d ocispec.Descriptor) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
}
