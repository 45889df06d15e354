package image

import (
	"context"
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
)

// Get returns the image that ref names: "name[:tag][@digest]", an ID with or without "sha256:", or the beginning of one. It
// reads memory only. It fails with NotFound, or with InvalidArgument if a short ID fits several images.
// An image that was removed while containers use it is found by its full ID alone.
func (s *Images) Get(ctx context.Context, ref string) (Image, error) { return s.GetFor(ctx, ref, "") }

// GetFor is Get for a platform, "linux/arm64". It fails with NotFound too if the image is here, but not for the platform. "" is the
// platform of this host if that is here, or else the first that is.
func (s *Images) GetFor(ctx context.Context, ref, platform string) (Image, error) {
	if err := ctx.Err(); err != nil {
		return Image{}, err
	}
	if ref == "" {
		return Image{}, fmt.Errorf("image name is empty: %w", errdefs.ErrInvalidArgument)
	}
	want, err := wantExactly(platform)
	if err != nil {
		return Image{}, err
	}
	e, err := s.index.Load().findFor(ref, want)
	if err != nil {
		return Image{}, err
	}
	return e.image, nil
}

// findFor returns the image that ref names, or of several platforms that of the wanted one, with what its names say of it.
func (x *index) findFor(ref string, want wanted) (*entry, error) {
	e, err := x.find(ref)
	if err != nil {
		return nil, err
	}
	several := e.image.Platforms
	if n, ok := x.recorded(ref); ok {
		several = x.platforms[n.target.Digest]
	}
	if !want.explicit || several == nil {
		return x.as(e, several), want.provided(e.image)
	}
	all := x.serving(several, want)
	if len(all) == 0 {
		return nil, want.missing(ref, e.image)
	}
	return x.as(x.images[all[0]], several), nil
}

// recorded returns what the name ref says, if it is one.
func (x *index) recorded(ref string) (name, bool) {
	named, err := parseName(ref)
	if err != nil || x.images[asID(ref)] != nil {
		return name{}, false
	}
	n, ok := x.names[recordName(named)]
	return n, ok
}

// as returns an image as one of several platforms: with the names of all of them. Nil is no platforms.
func (x *index) as(e *entry, several *Platforms) *entry {
	if e.image.Platforms == several {
		return e
	}
	c := *e
	c.image.Platforms = several
	if several == nil {
		return &c
	}
	c.image.Part, c.image.Names, c.image.Digests = false, nil, nil
	for record, n := range x.names {
		switch {
		case n.target.Digest != several.Target.Digest:
		case isDigestName(record):
			c.image.Digests = append(c.image.Digests, familiar(record))
		default:
			c.image.Names = append(c.image.Names, familiar(record))
		}
	}
	slices.Sort(c.image.Names)
	slices.Sort(c.image.Digests)
	return &c
}
