package image

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/store"
)

// Parts are what an image is made of: what a parent has, and one more layer.
type Parts struct {
	Parent    *Image    // nil for an image with one layer
	Layer     io.Reader // the files of the layer, a tar archive, compressed or not; nil for none
	Config    Config
	Author    string
	Comment   string
	CreatedBy string    // what made the layer, as history shows it
	Created   time.Time // zero means now
	Platform  string    // "linux/arm64"; "" means the parent's, or this host's
	Ref       string    // name to give it; "" for none
}

// Create makes an image of parts and returns it unpacked and recorded.
func (s *Images) Create(ctx context.Context, p Parts) (_ Image, err error) {
	var records []string
	if p.Ref != "" {
		named, err := parseTag(p.Ref)
		if err != nil {
			return Image{}, err
		}
		records = append(records, recordName(named))
	}
	config, err := p.blob()
	if err != nil {
		return Image{}, err
	}
	ctx, done, err := s.store.LeaseOrNothing(ctx)
	if err != nil {
		return Image{}, err
	}
	defer func() { err = s.full("make image", err) }()
	defer func() { done(err != nil) }()

	var layers []ocispec.Descriptor
	if p.Parent != nil {
		m, _, err := s.readManifest(ctx, p.Parent.Target)
		if err != nil {
			return Image{}, fmt.Errorf("read image %s: %w", p.Parent.ShortID(), err)
		}
		layers = m.Layers
	}
	if p.Layer != nil {
		layer, err := s.writeLayer(ctx, p.Layer)
		if err != nil {
			return Image{}, err
		}
		layers = append(slices.Clone(layers), layer)
		config.RootFS.DiffIDs = append(slices.Clone(config.RootFS.DiffIDs), layer.Digest)
	}
	if len(layers) > maxLayers {
		return Image{}, fmt.Errorf("image would have %d layers, %d is the most: %w", len(layers), maxLayers, errdefs.ErrInvalidArgument)
	}
	desc, err := s.writeJSON(ctx, ocispec.MediaTypeImageConfig, config)
	if err != nil {
		return Image{}, fmt.Errorf("write image configuration: %w", err)
	}
	target, err := s.writeManifest(ctx, desc, layers)
	if err != nil {
		return Image{}, fmt.Errorf("write image manifest: %w", err)
	}
	e, err := s.assemble(ctx, target, sources{})
	if err != nil {
		return Image{}, fmt.Errorf("unpack the new layer: %w", err)
	}
	return s.record(ctx, e, records...)
}

// writeLayer stores a layer uncompressed, so that its digest is its diff ID too.
func (s *Images) writeLayer(ctx context.Context, r io.Reader) (ocispec.Descriptor, error) {
	plain, err := store.Decompress(r)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer plain.Close()
	desc, err := s.writeBlob(ctx, plain, "")
	if err != nil {
		return desc, fmt.Errorf("read the layer: %w", err)
	}
	if desc.Size == 0 {
		return desc, fmt.Errorf("the archive is empty: %w", errdefs.ErrInvalidArgument)
	}
	desc.MediaType = ocispec.MediaTypeImageLayer
	return desc, nil
}

// blob is the configuration blob of the new image, without the new layer's digest.
func (p Parts) blob() (configBlob, error) {
	created := p.Created
	if created.IsZero() {
		created = time.Now()
	}
	created = created.UTC()
	platform := platforms.DefaultSpec()
	c := configBlob{
		Created: created, Author: p.Author, Comment: p.Comment, Config: p.Config,
		RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{}},
	}
	if p.Parent != nil {
		platform = ocispec.Platform{OS: p.Parent.OS, Architecture: p.Parent.Architecture, Variant: p.Parent.Variant, OSVersion: p.Parent.OSVersion}
		c.RootFS.DiffIDs = p.Parent.DiffIDs
		c.History = slices.Clone(p.Parent.History)
	}
	if p.Platform != "" {
		var err error
		if platform, err = ParsePlatform(p.Platform); err != nil {
			return c, err
		}
	}
	c.OS, c.Architecture, c.Variant, c.OSVersion = platform.OS, platform.Architecture, platform.Variant, platform.OSVersion
	c.History = append(c.History, History{
		Created: created, Author: p.Author, CreatedBy: p.CreatedBy, Comment: p.Comment, EmptyLayer: p.Layer == nil,
	})
	return c, nil
}
