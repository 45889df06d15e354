package image

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// AddBuilt records what a build has made: of several platforms all, with what is attested of them, and gives the image that the name means where no
// platform is asked for. A lease in ctx must hold its blobs and layers.
func (s *Images) AddBuilt(ctx context.Context, b Built) (Image, error) {
	ctx = s.store.Context(ctx)
	r := recording{target: bare(b.Target)}
	if b.Name != "" {
		named, err := parseTag(b.Name)
		if err != nil {
			return Image{}, err
		}
		r.names = append(r.names, recordName(named))
	}
	manifests := []ocispec.Descriptor{r.target}
	if isSeveral(r.target) {
		var err error
		if manifests, err = s.builtManifests(ctx, r.target); err != nil {
			return Image{}, err
		}
	}
	for _, m := range manifests {
		e, err := s.builtImage(ctx, m, b.Layers)
		if err != nil {
			return Image{}, err
		}
		r.images = append(r.images, e)
	}
	if isSeveral(r.target) {
		if err := s.dropNumbered(ctx, r.target.Digest); err != nil {
			return Image{}, err
		}
		var err error
		if r.several, err = s.heldPlatforms(ctx, r.target); err != nil {
			return Image{}, err
		}
	}
	return s.recordAll(ctx, r)
}

// builtImage has one image that was built hold what it consists of.
func (s *Images) builtImage(ctx context.Context, target ocispec.Descriptor, layers func(ocispec.Platform) string) (*entry, error) {
	m, c, err := s.readManifest(ctx, target)
	if err != nil {
		return nil, err
	}
	hold := images.SetChildrenMappedLabels(s.store.Content, s.children(target, true), images.ChildGCLabels)
	if _, err := hold(ctx, target); err != nil {
		return nil, err
	}
	if err := s.holdLayers(ctx, m.Config.Digest, layers(c.platform())); err != nil {
		return nil, fmt.Errorf("hold the layers of the new image: %w", err)
	}
	e, err := s.readEntry(ctx, target)
	if err != nil || e.unpacked {
		return e, err
	}
	return s.assemble(ctx, target, sources{})
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

// builtManifests are the manifests of the images in an index that a build has made, this host's first.
func (s *Images) builtManifests(ctx context.Context, target ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	several, err := s.readPlatforms(ctx, target)
	if err != nil {
		return nil, err
	}
	host, err := wantPlatform("")
	if err != nil {
		return nil, err
	}
	own, err := s.resolve(ctx, target, host, nil)
	if err != nil && !errdefs.IsNotFound(err) {
		return nil, err
	}
	var list []ocispec.Descriptor
	for _, m := range several.Manifests {
		switch {
		case m.Image == "":
		case m.Descriptor.Digest == own.Digest:
			list = slices.Insert(list, 0, bare(m.Descriptor))
		default:
			list = append(list, bare(m.Descriptor))
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no image is in the index %s that was built: %w", target.Digest, errdefs.ErrInvalidArgument)
	}
	return list, nil
}

// numberedLabel begins the labels by which BuildKit has an index keep its manifests. They are in the way of removing one of its platforms.
const numberedLabel = "containerd.io/gc.ref.content."

// dropNumbered takes them away: the recording has the index keep what is to be kept.
func (s *Images) dropNumbered(ctx context.Context, index digest.Digest) error {
	info, err := s.store.Content.Info(ctx, index)
	if err != nil {
		return err
	}
	labels := map[string]string{}
	for l := range info.Labels {
		if number, ok := strings.CutPrefix(l, numberedLabel); ok {
			if _, err := strconv.ParseUint(number, 10, 16); err == nil { // those of heldLabel have more digits
				labels[l] = ""
			}
		}
	}
	return s.label(ctx, index, labels)
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
