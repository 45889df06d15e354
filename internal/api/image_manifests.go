package api

import (
	"github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/image"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/image"
)

// showManifests are the manifests of an image: its own, or those of all its platforms and what was attested of them, be they here or not.
func (c *call) showManifests(img *image.Image, usage image.Usage) ([]moby.ManifestSummary, error) {
	if img.Platforms == nil {
		return []moby.ManifestSummary{c.showImageManifest(*showManifest(img), img, usage)}, nil
	}
	var all []moby.ManifestSummary
	for _, m := range img.Platforms.Manifests {
		if m.Image == "" {
			all = append(all, showOtherManifest(m))
			continue
		}
		part, err := c.engine.Images().Get(c.ctx(), m.Image.String())
		if errdefs.IsNotFound(err) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c.showImageManifest(m.Descriptor, &part, usage))
	}
	return all, nil
}

// showManifest is the descriptor of the manifest that an image is kept with.
func showManifest(img *image.Image) *ocispec.Descriptor {
	p := platformOf(img)
	return &ocispec.Descriptor{MediaType: img.Target.MediaType, Digest: img.Target.Digest, Size: img.Target.Size, Platform: &p}
}

// showImageManifest is the manifest of an image that is here.
func (c *call) showImageManifest(desc ocispec.Descriptor, img *image.Image, usage image.Usage) moby.ManifestSummary {
	m := moby.ManifestSummary{
		ID: desc.Digest.String(), Descriptor: desc, Available: true, Kind: moby.ManifestKindImage,
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
	return m
}

// showOtherManifest is a manifest of something else than an image that is here.
func showOtherManifest(m image.Manifest) moby.ManifestSummary {
	out := moby.ManifestSummary{ID: m.Descriptor.Digest.String(), Descriptor: m.Descriptor, Available: m.Here(), Kind: moby.ManifestKindUnknown}
	for _, b := range m.Blobs {
		out.Size.Content += b.Size
	}
	out.Size.Total = out.Size.Content
	switch {
	case m.About != "":
		out.Kind, out.AttestationData = moby.ManifestKindAttestation, &moby.AttestationProperties{For: m.About}
	case m.Descriptor.Platform != nil:
		out.Kind = moby.ManifestKindImage
		out.ImageData = &moby.ImageProperties{Platform: *m.Descriptor.Platform, Containers: []string{}}
	}
	return out
}

func platformOf(img *image.Image) ocispec.Platform {
	return ocispec.Platform{OS: img.OS, Architecture: img.Architecture, Variant: img.Variant, OSVersion: img.OSVersion}
}

// platformIDs are the images of all platforms of an image that are here.
func platformIDs(img *image.Image) []digest.Digest {
	if img.Platforms == nil {
		return []digest.Digest{img.ID}
	}
	return img.Platforms.Images()
}
