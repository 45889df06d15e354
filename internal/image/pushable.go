package image

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/klauspost/pgzip"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// gzipLevel is gzip's level for layers made here: a third of the time of the usual 6, and a tenth more bytes.
const gzipLevel = 3

// pushable returns the image with the name, its layers compressed and kept by the lease in ctx.
func (s *Images) pushable(ctx context.Context, named reference.NamedTagged, want wanted, p *progress) (*entry, error) {
	x := s.index.Load()
	e := x.images[x.names[recordName(named)].id]
	if e == nil {
		return nil, fmt.Errorf("an image does not exist locally with the tag: %s: %w", reference.FamiliarString(named), errdefs.ErrNotFound)
	}
	if err := want.provided(e.image); err != nil {
		return nil, err
	}
	if err := s.store.Keep(ctx, e.image.Target.Digest); err != nil {
		return nil, err
	}
	m, c, err := s.readManifest(ctx, e.image.Target)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(m.Layers, isPlain) {
		return e, nil
	}
	if err := s.compressAll(ctx, m.Layers, c.RootFS.DiffIDs, p); err != nil {
		return nil, err
	}
	target, err := s.writeManifest(ctx, m.Config, m.Layers)
	if err != nil {
		return nil, err
	}
	if e, err = s.assemble(ctx, target, sources{}); err != nil {
		return nil, err
	}
	_, err = s.record(ctx, e, s.index.Load().namesOf(e.image.ID)...)
	return e, err
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
