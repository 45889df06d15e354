package image

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/store"
)

// LoadOptions are how to load.
type LoadOptions struct {
	Quiet     bool        // no progress
	Platforms []string    // which of an image's platforms, all of which must be in the archive; none means all that are
	Progress  func(Event) // told how far it is; may be nil, is called by one goroutine at a time
}

// Loaded is one image that came from an archive.
type Loaded struct {
	Name string // the name it got, "" if it has none
	ID   digest.Digest
}

// Load reads the images in an archive as docker save, docker buildx and other tools write it: Docker's image archive (version 1.1
// and up) or an OCI image layout, compressed or not. It returns each name with its image. An archive that does not have all that it lists, or has it damaged,
// is refused, whatever of it the store has from elsewhere. When one of several images cannot be loaded, those before it stay, and are returned beside the error.
func (s *Images) Load(ctx context.Context, r io.Reader, o LoadOptions) (loaded []Loaded, err error) {
	want, err := wantAll(o.Platforms)
	if err != nil {
		return nil, err
	}
	ctx, done, err := s.store.LeaseOrNothing(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = s.full("load", err) }()
	defer func() { done(err != nil) }()

	plain, err := store.Decompress(r)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	progress := loadProgress(o)
	early, err := s.store.NewEarly(ctx, s.unpacks, progress)
	if err != nil {
		return nil, err
	}
	defer early.Close()
	b, err := s.readBundle(ctx, plain, early)
	if err != nil {
		return nil, fmt.Errorf("read image archive: %w", err)
	}
	found, err := s.bundleImages(ctx, b, want)
	if err != nil {
		return nil, fmt.Errorf("read image archive: %w", err)
	}
	for _, f := range found {
		r := recording{target: f.target, names: f.names}
		for _, d := range f.images {
			e, err := s.assemble(ctx, d, sources{unpacked: progress, early: early})
			if err != nil {
				return loaded, fmt.Errorf("load image: %w", err)
			}
			r.images = append(r.images, e)
		}
		if isSeveral(f.target) {
			if r.several, err = s.heldPlatforms(ctx, f.target); err != nil {
				return loaded, fmt.Errorf("load image: %w", err)
			}
		}
		img, err := s.recordAll(ctx, r)
		if err != nil {
			return loaded, err
		}
		if len(f.names) == 0 {
			loaded = append(loaded, Loaded{ID: img.ID})
		}
		for _, n := range f.names {
			loaded = append(loaded, Loaded{Name: familiar(n), ID: img.ID})
		}
	}
	return loaded, nil
}

func loadProgress(o LoadOptions) func(ocispec.Descriptor, int64) {
	if o.Quiet || o.Progress == nil {
		return nil
	}
	var mu sync.Mutex // layers are unpacked in parallel
	return func(desc ocispec.Descriptor, n int64) {
		mu.Lock()
		defer mu.Unlock()
		o.Progress(Event{ID: short(desc.Digest), Status: StatusLoading, Current: n, Total: desc.Size})
	}
}

// bundled is one image of an archive, or several platforms, in the store, and the record names they are to get.
type bundled struct {
	target ocispec.Descriptor   // a manifest, or an index
	images []ocispec.Descriptor // manifests of those that are in the archive
	names  []string
}

// bundleImages finds the images in what was read. An archive that is both an OCI layout and Docker's (as docker save writes since
// version 25) is taken as the former, so that manifests keep their digests, with the names of both.
func (s *Images) bundleImages(ctx context.Context, b *bundle, want []wanted) ([]bundled, error) {
	switch {
	case b.index != nil:
		return s.layoutImages(ctx, b, want)
	case b.manifests != nil:
		return s.archiveImages(ctx, b)
	case b.legacy:
		return nil, fmt.Errorf("it is in the format of Docker before 1.10, which is no longer read: save it again with a current tool: %w", errdefs.ErrInvalidArgument)
	}
	return nil, fmt.Errorf("neither manifest.json nor index.json is in it: to make an image of a root file system use import: %w", errdefs.ErrInvalidArgument)
}

func tagRecords(tags []string) ([]string, error) {
	var records []string
	for _, t := range tags {
		named, err := parseTag(t)
		if err != nil {
			return nil, err
		}
		records = append(records, recordName(named))
	}
	return records, nil
}

// archiveImages makes manifests for the images of a manifest.json.
func (s *Images) archiveImages(ctx context.Context, b *bundle) ([]bundled, error) {
	var list merged
	if len(b.manifests) > maxIndexEntries {
		return nil, fmt.Errorf("manifest.json names %d images, %d is the most: %w", len(b.manifests), maxIndexEntries, errdefs.ErrInvalidArgument)
	}
	for _, a := range b.manifests {
		if len(a.Layers) > maxLayers {
			return nil, fmt.Errorf("manifest.json names %d layers of an image, %d is the most: %w", len(a.Layers), maxLayers, errdefs.ErrInvalidArgument)
		}
		config, err := s.bundleBlob(ctx, b, "image configuration", a.Config)
		if err != nil {
			return nil, err
		}
		var layers []ocispec.Descriptor
		for _, file := range a.Layers {
			layer, err := s.bundleBlob(ctx, b, "layer", file)
			if err != nil {
				return nil, err
			}
			if layer, err = s.plainLayer(ctx, layer); err != nil {
				return nil, err
			}
			layers = append(layers, layer)
		}
		target, err := s.writeManifest(ctx, config, layers)
		if err != nil {
			return nil, err
		}
		if _, _, err := s.readManifest(ctx, target); err != nil {
			return nil, err
		}
		names, err := tagRecords(a.RepoTags)
		if err != nil {
			return nil, err
		}
		list.add(bundled{target, []ocispec.Descriptor{target}, names})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no image is in it: %w", errdefs.ErrInvalidArgument)
	}
	return list, nil
}

// merged is a list of images in which each is once, with all its names.
type merged []bundled

func (l *merged) add(b bundled) {
	for i := range *l {
		if (*l)[i].target.Digest == b.target.Digest {
			(*l)[i].names = append((*l)[i].names, b.names...)
			return
		}
	}
	*l = append(*l, b)
}
