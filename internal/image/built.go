package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/store"
)

// Built is what a build has made: blobs in the store, and layers that lie there unpacked under names of the builder's.
type Built struct {
	Target ocispec.Descriptor // a manifest, or an index with manifests of several platforms and attestations
	Name   string             // what it is to be called; "" for nothing
	// Layers gives the name in the store of the topmost layer of the image for a platform; "" if the builder does not know.
	Layers func(ocispec.Platform) string
}

// AddBuilt records what a build has made, of several platforms this host's. A lease in ctx must hold its blobs and layers.
func (s *Images) AddBuilt(ctx context.Context, b Built) (Image, error) {
	var records []string
	if b.Name != "" {
		named, err := parseTag(b.Name)
		if err != nil {
			return Image{}, err
		}
		records = append(records, recordName(named))
	}
	ctx = s.store.Context(ctx)
	target, err := s.chooseBuilt(ctx, b.Target)
	if err != nil {
		return Image{}, err
	}
	m, c, err := s.readManifest(ctx, target)
	if err != nil {
		return Image{}, err
	}
	hold := images.SetChildrenMappedLabels(s.store.Content, s.children(target, true), images.ChildGCLabels)
	if _, err := hold(ctx, target); err != nil {
		return Image{}, err
	}
	if err := s.holdLayers(ctx, m.Config.Digest, b.Layers(c.platform())); err != nil {
		return Image{}, fmt.Errorf("hold the layers of the new image: %w", err)
	}
	e, err := s.readEntry(ctx, target)
	if err != nil {
		return Image{}, err
	}
	if !e.unpacked {
		if e, err = s.assemble(ctx, target, sources{}); err != nil {
			return Image{}, err
		}
	}
	return s.record(ctx, e, records...)
}

// holdLayers notes an image's topmost layer, "" if that is not known, with its configuration. If it is an image that was built before with the same
// content, it keeps the layers that it has: containers may run in them.
func (s *Images) holdLayers(ctx context.Context, config digest.Digest, top string) error {
	if top == "" {
		return nil
	}
	info, err := s.store.Content.Info(ctx, config)
	if err != nil {
		return err
	}
	if had, noted := info.Labels[store.LayersLabel]; noted {
		if _, err := s.store.Layers(ctx, had); err == nil || !errdefs.IsNotFound(err) {
			return err
		}
	}
	_, err = s.store.Content.Update(ctx, content.Info{Digest: config, Labels: map[string]string{store.LayersLabel: top}}, "labels."+store.LayersLabel)
	return err
}

// chooseBuilt finds the manifest for this host in what a build has made, or else the first one.
func (s *Images) chooseBuilt(ctx context.Context, target ocispec.Descriptor) (ocispec.Descriptor, error) {
	own, err := wantPlatform("")
	if err != nil {
		return target, err
	}
	found, err := s.resolve(ctx, target, own, nil)
	if err == nil || !errdefs.IsNotFound(err) {
		return bare(found), err
	}
	blob, rerr := readBlob(ctx, s.store.Content, target, maxManifest)
	if rerr != nil {
		return target, errors.Join(err, rerr)
	}
	x, rerr := parseIndex(blob)
	if rerr != nil {
		return target, errors.Join(err, rerr)
	}
	for _, d := range x.Manifests {
		if images.IsManifestType(d.MediaType) && d.Platform != nil && d.Platform.OS != "unknown" {
			return bare(d), nil
		}
	}
	return target, err
}

func (c configBlob) platform() ocispec.Platform {
	return ocispec.Platform{OS: c.OS, Architecture: c.Architecture, Variant: c.Variant, OSVersion: c.OSVersion}
}

// Hosts tells how registries are reached at the time when it is asked, for the builder.
func (s *Images) Hosts() docker.RegistryHosts {
	return func(domain string) ([]docker.RegistryHost, error) { return s.registries().Hosts()(domain) }
}

// topOf is the name in the store of an image's topmost layer: the one that is noted with its configuration, or the layers' chain ID.
func (s *Images) topOf(ctx context.Context, config digest.Digest, chain string) string {
	if info, err := s.store.Content.Info(ctx, config); err == nil {
		if top, noted := info.Labels[store.LayersLabel]; noted {
			return top
		}
	}
	return chain
}
