package image

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/klauspost/pgzip"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// gzipLevel is gzip's level for layers made here: a third of the time of the usual 6, and a tenth more bytes.
const gzipLevel = 3

// pushable is what a name has to be pushed.
type pushable struct {
	image    *entry             // that is meant where one goes alone
	manifest ocispec.Descriptor // its manifest
	several  *Platforms         // all of the name's platforms, if it has several and they are meant; else nil
	alone    bool               // whether, where not all can go, it is clear which does
}

// pushable returns what the name has, the layers compressed, and kept by the lease in ctx.
func (s *Images) pushable(ctx context.Context, named reference.NamedTagged, want wanted, p *progress) (pushable, error) {
	x := s.index.Load()
	n := x.names[recordName(named)]
	e := x.images[n.id]
	if e == nil {
		return pushable{}, fmt.Errorf("an image does not exist locally with the tag: %s: %w", reference.FamiliarString(named), errdefs.ErrNotFound)
	}
	several := x.platforms[n.target.Digest]
	if several == nil {
		if err := want.provided(e.image); err != nil {
			return pushable{}, err
		}
		e, err := s.compressedImage(ctx, e, e.image.Target, p)
		if err != nil {
			return pushable{}, err
		}
		err = s.recordKnown(ctx, recording{images: []*entry{e}, target: e.image.Target}, func(x *index) []string {
			return slices.DeleteFunc(x.namesOf(e.image.ID), func(record string) bool { return x.platforms[x.names[record].target.Digest] != nil })
		})
		return pushable{image: e, manifest: bare(e.image.Target)}, err
	}
	e, err := x.findFor(recordName(named), want)
	if err != nil {
		return pushable{}, err
	}
	if want.explicit {
		e, err = s.compressedImage(ctx, e, several.manifestOf(e.image.ID).Descriptor, p)
		if err != nil {
			return pushable{}, err
		}
		return pushable{image: e, manifest: bare(e.image.Target)}, nil
	}
	if several, err = s.compressedPlatforms(ctx, x, several, p); err != nil {
		return pushable{}, err
	}
	return pushable{
		image: e, manifest: bare(several.manifestOf(e.image.ID).Descriptor), several: several,
		alone: len(several.Images()) == 1 || platforms.Default().Match(platformOf(e.image)),
	}, nil
}

// compressedImage returns an image that is here with one of its manifests, with a new one if layers had to be compressed.
func (s *Images) compressedImage(ctx context.Context, e *entry, manifest ocispec.Descriptor, p *progress) (*entry, error) {
	if err := s.store.Keep(ctx, manifest.Digest); err != nil {
		return nil, err
	}
	m, c, err := s.readManifest(ctx, bare(manifest))
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(m.Layers, isPlain) {
		return s.withManifest(e, manifest, m, c), nil
	}
	if err := s.compressAll(ctx, m.Layers, c.RootFS.DiffIDs, p); err != nil {
		return nil, err
	}
	m.MediaType, m.Config.MediaType = ocispec.MediaTypeImageManifest, ocispec.MediaTypeImageConfig
	target, err := s.writeJSON(ctx, m.MediaType, m) // with the annotations that it has
	if err != nil {
		return nil, err
	}
	return s.assemble(ctx, target, sources{})
}

// withManifest is an image with another of its manifests.
func (s *Images) withManifest(e *entry, manifest ocispec.Descriptor, m ocispec.Manifest, c configBlob) *entry {
	if e.image.Target.Digest == manifest.Digest {
		return e
	}
	other := *e
	other.image.Target = bare(manifest)
	other.image.Blobs = newImage(other.image.Target, m, c).Blobs
	return &other
}

func isPlain(l ocispec.Descriptor) bool {
	return l.MediaType == ocispec.MediaTypeImageLayer || l.MediaType == images.MediaTypeDockerSchema2Layer
}

// compressAll puts compressed layers in the place of those that are not: those that another image has of the same content, or new ones.
func (s *Images) compressAll(ctx context.Context, layers []ocispec.Descriptor, diffs []digest.Digest, p *progress) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	made := map[digest.Digest][]int{} // positions of each layer to make
	for i, l := range layers {
		if !isPlain(l) {
			continue
		}
		if known, ok := s.compressed(ctx, diffs[i]); ok {
			layers[i] = known
			continue
		}
		made[diffs[i]] = append(made[diffs[i]], i)
	}
	for _, at := range made {
		plain := layers[at[0]]
		p.say(Event{ID: short(plain.Digest), Status: "Compressing"})
		group.Go(func() error {
			desc, err := s.compress(ctx, plain)
			if err != nil {
				return fmt.Errorf("compress layer %s: %w", short(plain.Digest), err)
			}
			for _, i := range at {
				layers[i] = desc
			}
			return nil
		})
	}
	return group.Wait()
}

// compressed finds a layer of that content which an image has compressed, and keeps it with the lease in ctx.
func (s *Images) compressed(ctx context.Context, diff digest.Digest) (ocispec.Descriptor, bool) {
	for _, e := range s.index.Load().images {
		at := slices.Index(e.image.DiffIDs, diff)
		if at < 0 {
			continue
		}
		m, _, err := s.readManifest(ctx, e.image.Target)
		if err != nil || isPlain(m.Layers[at]) || images.IsNonDistributable(m.Layers[at].MediaType) {
			continue
		}
		if _, err := s.existing(ctx, m.Layers[at].Digest); err == nil {
			return bare(m.Layers[at]), true
		}
	}
	return ocispec.Descriptor{}, false
}

// compress stores a layer's blob once more, with gzip.
func (s *Images) compress(ctx context.Context, layer ocispec.Descriptor) (ocispec.Descriptor, error) {
	ra, err := s.store.Content.ReaderAt(ctx, layer)
	if err != nil {
		return layer, err
	}
	defer ra.Close()
	r, w := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		z, err := pgzip.NewWriterLevel(w, gzipLevel)
		if err == nil {
			_, err = io.Copy(z, io.NewSectionReader(ra, 0, ra.Size()))
			if cerr := z.Close(); err == nil {
				err = cerr
			}
		}
		w.CloseWithError(err)
	}()
	desc, err := s.writeBlob(ctx, r, "")
	r.CloseWithError(io.ErrClosedPipe) // ends the compression, if it has not ended
	<-ended
	desc.MediaType = ocispec.MediaTypeImageLayerGzip
	return desc, err
}
