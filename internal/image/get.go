package image

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
)

// Get returns the image that ref names: "name[:tag][@digest]", an ID with or without "sha256:", or the beginning of one. It
// reads memory only. It fails with NotFound, or with InvalidArgument if a short ID fits several images.
// An image that was removed while containers use it is found by its full ID alone.
func (s *Images) Get(ctx context.Context, ref string) (Image, error) {
	if err := ctx.Err(); err != nil {
		return Image{}, err
	}
	if ref == "" {
		return Image{}, fmt.Errorf("image name is empty: %w", errdefs.ErrInvalidArgument)
	}
	e, err := s.index.Load().find(ref)
	if err != nil {
		return Image{}, err
	}
	return e.image, nil
}
