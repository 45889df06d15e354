package image

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/store"
)

const (
	// maxManifest is the largest manifest or index that is read, in bytes: what registries accept.
	maxManifest = 4 << 20
	// maxIndexDepth is how deep indexes may be nested.
	maxIndexDepth = 3
	// maxIndexEntries is how many manifests an index may name.
	maxIndexEntries = 1000
)

var errSchema1 = fmt.Errorf("image is in the format schema 1, which is no longer read: push it again with a current tool: %w", errdefs.ErrInvalidArgument)

// readBlob returns a blob of the store and refuses one of more than limit bytes before reading it.
func readBlob(ctx context.Context, blobs content.Provider, desc ocispec.Descriptor, limit int64) ([]byte, error) {
	if err := desc.Digest.Validate(); err != nil {
		return nil, fmt.Errorf("digest %.100q: %w: %w", desc.Digest, err, errdefs.ErrInvalidArgument)
	}
	desc.Data = nil // a copy that its author put into the descriptor is not what the digest was checked on
	ra, err := blobs.ReaderAt(ctx, desc)
	if err != nil {
		return nil, err
	}
	defer ra.Close()
	if ra.Size() > limit {
		return nil, fmt.Errorf("%s is %d bytes long, %d is the most for %s: %w", desc.Digest, ra.Size(), limit, desc.MediaType, errdefs.ErrInvalidArgument)
	}
	p := make([]byte, ra.Size())
	if n, err := ra.ReadAt(p, 0); n < len(p) {
		return nil, fmt.Errorf("read %s: %w", desc.Digest, err)
	}
	return p, nil
}

// parseManifest reads an image manifest, Docker's (schema 2) or OCI's.
func parseManifest(blob []byte) (ocispec.Manifest, error) {
	if err := checkKind(blob, "manifest"); err != nil {
		return ocispec.Manifest{}, err
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(blob, &m); err != nil {
		return m, fmt.Errorf("manifest: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	if !images.IsConfigType(m.Config.MediaType) {
		return m, fmt.Errorf("not a container image: its manifest's configuration is of type %.100q: %w", m.Config.MediaType, errdefs.ErrInvalidArgument)
	}
	if len(m.Layers) > maxLayers {
		return m, fmt.Errorf("manifest names %d layers, %d is the most: %w", len(m.Layers), maxLayers, errdefs.ErrInvalidArgument)
	}
	for _, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
		if err := d.Digest.Validate(); err != nil {
			return m, fmt.Errorf("manifest: digest %.100q: %w: %w", d.Digest, err, errdefs.ErrInvalidArgument)
		}
	}
	for _, l := range m.Layers {
		if !images.IsLayerType(l.MediaType) {
			return m, fmt.Errorf("not a container image: one of its layers is of type %.100q: %w", l.MediaType, errdefs.ErrInvalidArgument)
		}
	}
	if m.Config.Size > maxConfig {
		return m, fmt.Errorf("manifest: image configuration of %d bytes, %d is the most: %w", m.Config.Size, maxConfig, errdefs.ErrInvalidArgument)
	}
	return m, nil
}

// parseIndex reads a manifest list, Docker's or OCI's.
func parseIndex(blob []byte) (ocispec.Index, error) {
	if err := checkKind(blob, "index"); err != nil {
		return ocispec.Index{}, err
	}
	var x ocispec.Index
	if err := json.Unmarshal(blob, &x); err != nil {
		return x, fmt.Errorf("manifest list: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	if len(x.Manifests) > maxIndexEntries {
		return x, fmt.Errorf("manifest list names %d manifests, %d is the most: %w", len(x.Manifests), maxIndexEntries, errdefs.ErrInvalidArgument)
	}
	for _, d := range x.Manifests {
		if err := d.Digest.Validate(); err != nil {
			return x, fmt.Errorf("manifest list: digest %.100q: %w: %w", d.Digest, err, errdefs.ErrInvalidArgument)
		}
		if d.Size < 0 {
			return x, fmt.Errorf("manifest list: %s has %d bytes as it says: %w", d.Digest, d.Size, errdefs.ErrInvalidArgument)
		}
	}
	return x, nil
}

// checkKind refuses a blob that can be read as a manifest and as an index, so that no two programs see different images
// in it (CVE-2021-41190), and the formats before schema 2.
func checkKind(blob []byte, want string) error {
	var probe struct {
		SchemaVersion                       int
		Config, Layers, Manifests, FSLayers json.RawMessage
	}
	if err := json.Unmarshal(blob, &probe); err != nil {
		return fmt.Errorf("%s: %w: %w", want, err, errdefs.ErrInvalidArgument)
	}
	if probe.SchemaVersion == 1 || len(probe.FSLayers) > 0 {
		return errSchema1
	}
	isManifest, isIndex := len(probe.Config) > 0 || len(probe.Layers) > 0, len(probe.Manifests) > 0
	if isManifest && isIndex || isIndex != (want == "index") && (isIndex || isManifest) {
		return fmt.Errorf("blob claims to be a manifest and a manifest list at a time: %w", errdefs.ErrInvalidArgument)
	}
	return nil
}

// choose returns the entries of an index that serve the platform, the best first. Entries without a platform come
// last; attestations (platform unknown/unknown) never.
func choose(x ocispec.Index, want platforms.MatchComparer) []ocispec.Descriptor {
	var fit, open []ocispec.Descriptor
	for _, d := range x.Manifests {
		switch {
		case !images.IsManifestType(d.MediaType) && !images.IsIndexType(d.MediaType):
		case d.Platform == nil:
			open = append(open, d)
		case want.Match(*d.Platform):
			fit = append(fit, d)
		}
	}
	slices.SortStableFunc(fit, func(a, b ocispec.Descriptor) int {
		switch {
		case want.Less(*a.Platform, *b.Platform):
			return -1
		case want.Less(*b.Platform, *a.Platform):
			return 1
		}
		return 0
	})
	return append(fit, open...)
}

// isSeveral says that a descriptor is of an index of several platforms.
func isSeveral(d ocispec.Descriptor) bool { return images.IsIndexType(d.MediaType) }

// resolve follows root, which may be an index, down to the manifest for the wanted platform. fetch makes a blob available in the
// store before it is read; nil if all are there.
func (s *Images) resolve(ctx context.Context, root ocispec.Descriptor, want wanted, fetch fetchFunc) (ocispec.Descriptor, error) {
	desc := root
	for range maxIndexDepth + 1 {
		if images.IsManifestType(desc.MediaType) {
			return desc, nil
		}
		if desc.MediaType == images.MediaTypeDockerSchema1Manifest {
			return desc, errSchema1
		}
		if !images.IsIndexType(desc.MediaType) {
			return desc, fmt.Errorf("not a container image: it is of type %.100q: %w", desc.MediaType, errdefs.ErrInvalidArgument)
		}
		if fetch != nil {
			if err := fetch(ctx, desc, nil); err != nil {
				return desc, err
			}
		}
		blob, err := readBlob(ctx, s.store.Content, desc, maxManifest)
		if err != nil {
			return desc, err
		}
		x, err := parseIndex(blob)
		if err != nil {
			return desc, err
		}
		fit := choose(x, want)
		if len(fit) == 0 {
			return desc, fmt.Errorf("no matching manifest for %s in the manifest list entries: %w", want.name, errdefs.ErrNotFound)
		}
		desc = fit[0]
	}
	return desc, fmt.Errorf("manifest lists are nested more than %d deep: %w", maxIndexDepth, errdefs.ErrInvalidArgument)
}

// fetchFunc brings one blob into the store, if it is not there, and lets the follower, if there is one, follow that.
type fetchFunc func(ctx context.Context, desc ocispec.Descriptor, f *store.Follower) error

// passFunc has one blob read where it comes from, verified, without keeping it.
type passFunc func(ctx context.Context, desc ocispec.Descriptor, read func(io.Reader) error) error

// wanted is the platform that was asked for, and what serves it.
type wanted struct {
	platforms.MatchComparer
	name     string // as people see it
	explicit bool   // it was asked for by name
}

// anyPlatform is wanted where nothing is asked for.
var anyPlatform = wanted{}

// ParsePlatform reads a platform as people write it, "linux/arm64/v8"; what is left out is this host's. The error is InvalidArgument, and says what would do.
func ParsePlatform(s string) (ocispec.Platform, error) {
	p, err := platforms.Parse(s)
	if err != nil {
		return p, fmt.Errorf("invalid platform %.100q: give OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64: %w", s, errdefs.ErrInvalidArgument)
	}
	return p, nil
}

// wantPlatform reads a platform as people write it, "linux/arm64/v8". "" is this host's.
func wantPlatform(platform string) (wanted, error) {
	if platform == "" {
		return wanted{MatchComparer: platforms.Default(), name: platforms.Format(platforms.DefaultSpec())}, nil
	}
	p, err := ParsePlatform(platform)
	if err != nil {
		return wanted{}, err
	}
	return wanted{MatchComparer: platforms.Only(p), name: platforms.Format(p), explicit: true}, nil
}

// wantExactly is wantPlatform for what is here already: nothing but the platform itself serves, as with Docker.
func wantExactly(platform string) (wanted, error) {
	w, err := wantPlatform(platform)
	if err != nil || !w.explicit {
		return w, err
	}
	p, err := ParsePlatform(platform)
	w.MatchComparer = platforms.OnlyStrict(p)
	return w, err
}

// wantAll is wantExactly for several platforms.
func wantAll(platforms []string) ([]wanted, error) {
	var all []wanted
	for _, p := range platforms {
		w, err := wantExactly(p)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// provided refuses an image of another platform than was asked for by name.
func (w wanted) provided(img Image) error {
	if !w.explicit || w.Match(platformOf(img)) {
		return nil
	}
	ref := img.ShortID()
	if len(img.Names) > 0 {
		ref = img.Names[0]
	}
	return w.missing(ref, img)
}

// missing says that an image is not here for the platform; img is the one of the name that is.
func (w wanted) missing(ref string, img Image) error {
	return fmt.Errorf("image with reference %s was found but does not provide the specified platform (%s), it is for %s: %w", ref, w.name, img.Platform(), errdefs.ErrNotFound)
}
