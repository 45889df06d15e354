package api

import (
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	moby "github.com/moby/moby/api/types/image"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/image"
)

// showManifests are the manifests of an image that are here: the one of the platform that it is kept for.
func (c *call) showManifests(img *image.Image, usage image.Usage) []moby.ManifestSummary {
	m := moby.ManifestSummary{
		ID: img.Target.Digest.String(), Descriptor: *showTarget(img), Available: true, Kind: moby.ManifestKindImage,
		ImageData: &moby.ImageProperties{Platform: platformOf(img), Containers: []string{}},
	}
	m.ImageData.Size.Unpacked = img.Size
	m.Size.Content = usage.Kept[img.ID]
	m.Size.Total = m.Size.Content + img.Size
	for _, r := range c.engine.List() {
		if r.ImageID == img.ID.String() {
			m.ImageData.Containers = append(m.ImageData.Containers, r.ID)
		}
	}
	return []moby.ManifestSummary{m}
}

// showTarget is the descriptor of the image's manifest.
func showTarget(img *image.Image) *ocispec.Descriptor {
	p := platformOf(img)
	return &ocispec.Descriptor{MediaType: img.Target.MediaType, Digest: img.Target.Digest, Size: img.Target.Size, Platform: &p}
}

func platformOf(img *image.Image) ocispec.Platform {
	return ocispec.Platform{OS: img.OS, Architecture: img.Architecture, Variant: img.Variant, OSVersion: img.OSVersion}
}

// imageFor returns the image that is asked for in the path; it is not found if the client wants another platform than it is for.
func (c *call) imageFor(since version) (image.Image, error) {
	img, err := c.engine.Images().Get(c.ctx(), c.id())
	if err != nil || c.before(since) || c.query.Get("platform") == "" {
		return img, err
	}
	wanted, err := decodePlatform(c.query.Get("platform"))
	if err != nil {
		return img, err
	}
	p, err := platforms.Parse(wanted)
	if err != nil {
		return img, invalid("platform %q: %w", wanted, err)
	}
	if have := platformOf(&img); !platforms.OnlyStrict(p).Match(have) {
		return img, fmt.Errorf("image with reference %s was found but does not provide the specified platform (%s), it is for %s: %w", c.id(), wanted, platforms.Format(have), errdefs.ErrNotFound)
	}
	return img, nil
}
