package image

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
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
	Platform string      // of several platforms, the one to push alone; "" means all
	Auth     Auth        // credentials for the reference's registry
	Progress func(Event) // told how far it is; may be nil, is called by one goroutine at a time
}

// Pushed is what a registry has after a push.
type Pushed struct {
	Target  ocispec.Descriptor  // a manifest, or an index of several platforms
	Instead *ocispec.Descriptor // the index that was not pushed since not all of its platforms are here; nil if it was
}

// Push brings the image with the name ref to the registry that the name says, and returns what is there then. Layers that
// are stored uncompressed are compressed first, and stored so from then on. Blobs that the registry has are not sent.
// Of several platforms that are not all here, nor in the registry, it is one that goes alone: the only one that is here, or this host's.
func (s *Images) Push(ctx context.Context, ref string, o PushOptions) (Pushed, error) {
	named, err := parseTag(ref)
	if err != nil {
		return Pushed{}, err
	}
	want, err := wantExactly(o.Platform)
	if err != nil {
		return Pushed{}, err
	}
	ctx, done, err := s.store.Lease(ctx)
	if err != nil {
		return Pushed{}, err
	}
	defer done()
	progress := newProgress(o.Progress)
	what, err := s.pushable(ctx, named, want, progress)
	if err != nil {
		return Pushed{}, err
	}
	client, err := s.client(named, o.Auth)
	if err != nil {
		return Pushed{}, err
	}
	defer client.Close()
	repository, err := client.Repository(reference.Path(named))
	if err != nil {
		return Pushed{}, err
	}
	from := s.origin(reference.Domain(named), o.Auth)
	defer from.close()
	p := &pushing{Images: s, named: named, to: repository, from: from, progress: progress}
	pushed, err := p.run(registry.WithNotice(ctx, p.retrying), what)
	if err != nil {
		return Pushed{}, registry.ExplainPush(err, reference.FamiliarString(named))
	}
	r := recording{images: []*entry{what.image}, target: pushed.Target}
	if isSeveral(pushed.Target) {
		r.several = what.several
	}
	there := []string{digestName(named, pushed.Target.Digest)}
	if err := s.recordKnown(ctx, r, func(*index) []string { return there }); err != nil && !errdefs.IsNotFound(err) { // it may be gone from here by now
		return Pushed{}, err
	}
	progress.say(Event{Status: fmt.Sprintf("%s: digest: %s size: %d", named.Tag(), pushed.Target.Digest, pushed.Target.Size)})
	return pushed, nil
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
	to       *registry.Repository
	from     *origin // of blobs that are not kept
	progress *progress
}

// retrying tells that a busy registry is asked again.
func (p *pushing) retrying(after time.Duration) {
	p.progress.say(Event{ID: p.named.Tag(), Status: fmt.Sprintf("%s in %.0f seconds", StatusRetrying, after.Seconds())})
}

// run sends what can be sent of an image, or of all its platforms.
func (p *pushing) run(ctx context.Context, what pushable) (Pushed, error) {
	p.progress.say(Event{Status: "The push refers to repository [" + p.named.Name() + "]"})
	if what.several == nil {
		return Pushed{Target: what.manifest}, p.single(ctx, what.manifest, p.named.Tag())
	}
	missing, err := p.missing(ctx, what.several)
	if err != nil {
		return Pushed{}, err
	}
	if !missing {
		return Pushed{Target: what.several.Target}, p.all(ctx, what.several)
	}
	if !what.alone {
		return Pushed{}, fmt.Errorf("several platforms of %s are here, but not all, and none of them is this host's: say which with --platform, or pull the others: %w",
			reference.FamiliarString(p.named), errdefs.ErrConflict)
	}
	return Pushed{Target: what.manifest, Instead: &what.several.Target}, p.single(ctx, what.manifest, p.named.Tag())
}

// single sends the blobs of one image, side by side, and then the manifest that names them.
func (p *pushing) single(ctx context.Context, target ocispec.Descriptor, reference string) error {
	m, _, err := p.readManifest(ctx, target)
	if err != nil {
		return err
	}
	return p.withBlobs(ctx, target, reference, m)
}

// withBlobs sends what a manifest names, and then the manifest.
func (p *pushing) withBlobs(ctx context.Context, target ocispec.Descriptor, reference string, m ocispec.Manifest) error {
	blobs := []ocispec.Descriptor{bare(m.Config)}
	for _, l := range m.Layers {
		if l = bare(l); !slices.ContainsFunc(blobs, func(o ocispec.Descriptor) bool { return o.Digest == l.Digest }) { // an image may have a layer twice
			if images.IsLayerType(l.MediaType) {
				p.progress.say(Event{ID: short(l.Digest), Status: "Preparing"})
			}
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
	return p.manifest(ctx, target, reference)
}

// manifest sends a manifest or an index as it is stored.
func (p *pushing) manifest(ctx context.Context, target ocispec.Descriptor, reference string) error {
	blob, err := readBlob(ctx, p.store.Content, bare(target), maxManifest)
	if err != nil {
		return err
	}
	return p.to.Manifest(ctx, reference, target.MediaType, blob)
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
		if e.ID = short(desc.Digest); images.IsLayerType(desc.MediaType) { // the others are not worth a line
			p.progress.say(e)
		}
	}
	var told atomic.Int64 // an upload that broke may still be read, while the next one begins
	got, err := p.to.Blob(ctx, registry.Upload{
		Digest: desc.Digest, Size: desc.Size, From: p.elsewhere(desc),
		Open: func(at int64) (io.ReadCloser, error) {
			told.Store(at)
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
			if before := told.Load(); (n >= before+progressStep || n == desc.Size) && told.CompareAndSwap(before, n) {
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
