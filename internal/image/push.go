package image

import (
	"context"
	"fmt"
	"io"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/klauspost/pgzip"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/registry"
)

// PushOptions are how to push.
type PushOptions struct {
	Auth     Auth        // credentials for the reference's registry
	Progress func(Event) // told how far it is; may be nil, is called by one goroutine at a time
}

// Push brings the image with the name ref to the registry that the name says, and returns the manifest that is there then. Layers that
// are stored uncompressed are compressed first, and stored so from then on. Blobs that the registry has are not sent.
func (s *Images) Push(ctx context.Context, ref string, o PushOptions) (ocispec.Descriptor, error) {
	named, err := parseTag(ref)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	ctx, done, err := s.store.Lease(ctx)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer done()
	e, err := s.pushable(ctx, named)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	client, err := s.client(named, o.Auth)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer client.Close()
	pusher, err := client.Pusher(ctx, named.String())
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	progress := newProgress(o.Progress)
	progress.say(Event{Status: "The push refers to repository [" + named.Name() + "]"})
	target := e.image.Target
	target.Annotations, target.Platform = nil, nil
	watched := remotes.PusherFunc(func(ctx context.Context, desc ocispec.Descriptor) (content.Writer, error) {
		return watchPush(ctx, pusher, desc, progress)
	})
	if err := remotes.PushContent(ctx, watched, target, s.store.Content, s.fetches, platforms.All, nil); err != nil {
		return ocispec.Descriptor{}, registry.ExplainPush(err, reference.FamiliarString(named))
	}
	if _, err := s.record(ctx, e, digestName(named, target.Digest)); err != nil {
		return ocispec.Descriptor{}, err
	}
	progress.say(Event{Status: fmt.Sprintf("%s: digest: %s size: %d", named.Tag(), target.Digest, target.Size)})
	return target, nil
}

// pushable returns the image with the name, its layers compressed and kept by the lease in ctx.
func (s *Images) pushable(ctx context.Context, named reference.NamedTagged) (*entry, error) {
	x := s.index.Load()
	e := x.images[x.names[recordName(named)].id]
	if e == nil {
		return nil, fmt.Errorf("an image does not exist locally with the tag: %s: %w", reference.FamiliarString(named), errdefs.ErrNotFound)
	}
	if err := s.store.Keep(ctx, e.image.Target.Digest); err != nil {
		return nil, err
	}
	m, _, err := s.readManifest(ctx, e.image.Target)
	if err != nil {
		return nil, err
	}
	plain := false
	for i, l := range m.Layers {
		if l.MediaType == ocispec.MediaTypeImageLayer || l.MediaType == images.MediaTypeDockerSchema2Layer {
			plain = true
			if m.Layers[i], err = s.compress(ctx, l); err != nil {
				return nil, fmt.Errorf("compress layer %s: %w", short(l.Digest), err)
			}
		}
	}
	if !plain {
		return e, nil
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
		z := pgzip.NewWriter(w)
		_, err := io.Copy(z, io.NewSectionReader(ra, 0, ra.Size()))
		if cerr := z.Close(); err == nil {
			err = cerr
		}
		w.CloseWithError(err)
	}()
	desc, err := s.writeBlob(ctx, r, "")
	r.CloseWithError(io.ErrClosedPipe) // ends the compression, if it has not ended
	<-ended
	desc.MediaType = ocispec.MediaTypeImageLayerGzip
	return desc, err
}

// watchPush opens a blob of the registry for writing and has its progress told.
func watchPush(ctx context.Context, pusher remotes.Pusher, desc ocispec.Descriptor, p *progress) (content.Writer, error) {
	w, err := pusher.Push(ctx, desc)
	id := short(desc.Digest)
	switch {
	case !images.IsLayerType(desc.MediaType):
		return w, err
	case errdefs.IsAlreadyExists(err):
		p.say(Event{ID: id, Status: "Layer already exists"})
		return nil, err
	case err != nil:
		return nil, err
	}
	p.say(Event{ID: id, Status: "Preparing"})
	return &upload{Writer: w, desc: desc, progress: p}, nil
}

// upload is a blob that goes to a registry.
type upload struct {
	content.Writer
	desc     ocispec.Descriptor
	n, told  int64
	progress *progress
}

func (u *upload) Write(p []byte) (int, error) {
	n, err := u.Writer.Write(p)
	if u.n += int64(n); u.n >= u.told+progressStep || u.n == u.desc.Size {
		u.told = u.n
		u.progress.say(Event{ID: short(u.desc.Digest), Status: "Pushing", Current: u.n, Total: u.desc.Size})
	}
	return n, err
}

func (u *upload) Commit(ctx context.Context, size int64, expected digest.Digest, opts ...content.Opt) error {
	err := u.Writer.Commit(ctx, size, expected, opts...)
	if err == nil {
		u.progress.say(Event{ID: short(u.desc.Digest), Status: "Pushed"})
	}
	return err
}
