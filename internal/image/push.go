package image

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"tug/internal/registry"
)

// PushOptions are how to push.
type PushOptions struct {
	Platform string      // which the image must be for; "" means whatever it is
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
	want, err := wantPlatform(o.Platform)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	ctx, done, err := s.store.Lease(ctx)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer done()
	progress := newProgress(o.Progress)
	e, err := s.pushable(ctx, named, want, progress)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	client, err := s.client(named, o.Auth)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer client.Close()
	repository, err := client.Repository(reference.Path(named))
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	from := s.origin(reference.Domain(named), o.Auth)
	defer from.close()
	p := &pushing{Images: s, named: named, image: e.image, to: repository, from: from, progress: progress}
	if err := p.run(registry.WithNotice(ctx, p.retrying)); err != nil {
		return ocispec.Descriptor{}, registry.ExplainPush(err, reference.FamiliarString(named))
	}
	target := bare(e.image.Target)
	if _, err := s.record(ctx, e, digestName(named, target.Digest)); err != nil {
		return ocispec.Descriptor{}, err
	}
	progress.say(Event{Status: fmt.Sprintf("%s: digest: %s size: %d", named.Tag(), target.Digest, target.Size)})
	return target, nil
}

// TagsOf returns the names of a repository's tags here, "host/app:1", for one who pushes all of them.
func (s *Images) TagsOf(repository string) ([]string, error) {
	named, err := reference.ParseNormalizedNamed(repository)
	if err != nil {
		return nil, fmt.Errorf("%q: %w: %w", repository, err, errdefs.ErrInvalidArgument)
	}
	var names []string
	for _, t := range s.index.Load().tagsOf(repository) {
		names = append(names, t.String())
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("an image does not exist locally with the tag: %s: %w", reference.FamiliarName(named), errdefs.ErrNotFound)
	}
	return names, nil
}

// pushing is one push under way.
type pushing struct {
	*Images
	named    reference.NamedTagged
	image    Image
	to       *registry.Repository
	from     *origin // of blobs that are not kept
	progress *progress
}

// retrying tells that a busy registry is asked again.
func (p *pushing) retrying(after time.Duration) {
	p.progress.say(Event{ID: p.named.Tag(), Status: fmt.Sprintf("%s in %.0f seconds", StatusRetrying, after.Seconds())})
}

// run sends the blobs, side by side, and then the manifest that names them.
func (p *pushing) run(ctx context.Context) error {
	p.progress.say(Event{Status: "The push refers to repository [" + p.named.Name() + "]"})
	m, _, err := p.readManifest(ctx, p.image.Target)
	if err != nil {
		return err
	}
	blobs := []ocispec.Descriptor{bare(m.Config)}
	for _, l := range m.Layers {
		if l = bare(l); !slices.ContainsFunc(blobs, func(o ocispec.Descriptor) bool { return o.Digest == l.Digest }) { // an image may have a layer twice
			p.progress.say(Event{ID: short(l.Digest), Status: "Preparing"})
			blobs = append(blobs, l)
		}
	}
	uploads := p.reach.Load().uploads
	group, gctx := errgroup.WithContext(ctx)
	for _, b := range blobs {
		group.Go(func() error {
			if err := uploads.Acquire(gctx, 1); err != nil {
				return err
			}
			defer uploads.Release(1)
			return p.blob(gctx, b)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	blob, err := readBlob(ctx, p.store.Content, p.image.Target, maxManifest)
	if err != nil {
		return err
	}
	return p.to.Manifest(ctx, p.named.Tag(), p.image.Target.MediaType, blob)
}

// blob sends one blob, if the registry does not have it.
func (p *pushing) blob(ctx context.Context, desc ocispec.Descriptor) error {
	ra, err := p.store.Content.ReaderAt(ctx, desc)
	if err != nil && !errdefs.IsNotFound(err) {
		return err
	}
	defer func() {
		if ra != nil {
			ra.Close()
		}
	}()
	say := func(e Event) {
		if e.ID = short(desc.Digest); desc.Digest != p.image.ID { // configurations are not worth a line
			p.progress.say(e)
		}
	}
	var told int64
	got, err := p.to.Blob(ctx, registry.Upload{
		Digest: desc.Digest, Size: desc.Size, From: p.elsewhere(desc),
		Open: func(at int64) (io.ReadCloser, error) {
			told = at
			if ra == nil { // the registry neither has it nor can take it from another repository
				if err := p.from.bringBack(ctx, []ocispec.Descriptor{desc}); err != nil {
					return nil, err
				}
				if ra, err = p.store.Content.ReaderAt(ctx, desc); err != nil {
					return nil, err
				}
			}
			return io.NopCloser(io.NewSectionReader(ra, at, ra.Size()-at)), nil
		},
		Sent: func(n int64) {
			if n >= told+progressStep || n == desc.Size {
				told = n
				say(Event{Status: "Pushing", Current: n, Total: desc.Size})
			}
		},
	})
	switch {
	case err != nil:
		return err
	case got.Existed:
		say(Event{Status: "Layer already exists"})
	case got.From != "":
		say(Event{Status: "Mounted from " + got.From})
	default:
		say(Event{Status: "Pushed"})
	}
	return nil
}

// maxElsewhere is how many other repositories a registry is asked to take a blob from.
const maxElsewhere = 2

// elsewhere are repositories of the same registry that have a blob, as far as is known here: images with it were pulled from there, or pushed.
func (p *pushing) elsewhere(desc ocispec.Descriptor) []string {
	if !images.IsLayerType(desc.MediaType) {
		return nil // a round trip more than sending it
	}
	var list []string
	for _, other := range p.index.Load().repositoriesWith(desc.Digest) {
		if reference.Domain(other) == reference.Domain(p.named) && other.Name() != p.named.Name() {
			list = append(list, reference.Path(other))
		}
	}
	return list[:min(len(list), maxElsewhere)]
}
