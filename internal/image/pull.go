package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"

	"tug/internal/registry"
	"tug/internal/room"
	"tug/internal/store"
)

// Auth is what is shown to the registry.
type Auth = registry.Auth

// PullOptions are how to pull.
type PullOptions struct {
	Platform string      // "linux/arm64"; "" means this host's
	Auth     Auth        // credentials for the reference's registry; mirrors get none
	Progress func(Event) // told how far it is; may be nil, is called by one goroutine at a time
}

// Pull brings an image from its registry or a mirror of it, and unpacks its layers while they come. An image that is there
// already costs one request.
func (s *Images) Pull(ctx context.Context, ref string, o PullOptions) (Image, error) {
	if hexID(ref) {
		return Image{}, fmt.Errorf("%q looks like an image ID, which no registry knows: give a name: %w", ref, errdefs.ErrInvalidArgument)
	}
	named, err := parseName(ref)
	if err != nil {
		return Image{}, err
	}
	want, err := wantPlatform(o.Platform)
	if err != nil {
		return Image{}, err
	}
	client, err := s.client(named, o.Auth)
	if err != nil {
		return Image{}, err
	}
	defer client.Close()
	p := &pull{Images: s, named: named, want: want, client: client, progress: newProgress(o.Progress)}
	img, err := p.run(registry.WithNotice(s.store.Context(ctx), p.retrying))
	return img, p.freed(ctx, err)
}

// retrying tells that a busy registry is asked again.
func (p *pull) retrying(after time.Duration) {
	p.progress.say(Event{ID: tagOrDigest(p.named), Status: fmt.Sprintf("%s in %.0f seconds", StatusRetrying, after.Seconds())})
}

// mayBePulledOn says that what a failed pull has brought is worth to be kept for the next one.
func mayBePulledOn(err error) bool {
	return errdefs.IsUnavailable(err) || errdefs.IsResourceExhausted(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// freed is full for a pull. What it has brought is gone from the disk then: others want to go on, and no container starts on a disk that has nothing left.
func (p *pull) freed(ctx context.Context, err error) error {
	if !isFull(err) {
		return err
	}
	if cerr := p.store.CollectNow(context.WithoutCancel(ctx)); cerr != nil {
		err = errors.Join(err, cerr)
	}
	return p.full("pull "+reference.FamiliarString(p.named), err)
}

func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// full says of a full disk, in an error of what was done, which one it is and what to do.
func (s *Images) full(what string, err error) error {
	if !isFull(err) {
		return err
	}
	return fmt.Errorf("%s: no space left on the disk that %s is on: remove what is not needed ('tug image prune', 'tug system df' tells what takes the space): %w", what, s.settings.Root, err)
}

// client speaks to the registry of a name, and to its mirrors.
func (s *Images) client(named reference.Named, a Auth) (*registry.Client, error) {
	return s.registries().Client(reference.Domain(named), a)
}

// pull is one pull under way.
type pull struct {
	*Images
	named    reference.Named
	want     wanted
	client   *registry.Client
	progress *progress
	fetcher  remotes.Fetcher
}

func (p *pull) run(ctx context.Context) (Image, error) {
	p.progress.say(Event{ID: tagOrDigest(p.named), Status: "Pulling from " + reference.Path(p.named)})
	root, err := p.contact(ctx)
	if err != nil {
		return Image{}, err
	}
	records := []string{digestName(p.named, root.Digest)}
	if _, ok := p.named.(reference.Digested); !ok {
		records = append(records, recordName(p.named))
	}
	if e := p.have(root); e != nil && p.known(recording{images: []*entry{e}, target: root, several: p.index.Load().platforms[root.Digest], names: records}) {
		p.upToDate(root)
		return p.pulled(e, root), nil // nothing to write: the disk is not waited for
	}
	return p.bring(ctx, root, records)
}

// bring fetches what is not there, and records it.
func (p *pull) bring(ctx context.Context, root ocispec.Descriptor, records []string) (_ Image, err error) {
	ctx, done, err := p.store.LeaseToGoOn(ctx, root.Digest)
	if err != nil {
		return Image{}, err
	}
	defer func() { done(mayBePulledOn(err)) }()
	e, err := p.kept(ctx, root)
	if err != nil {
		return Image{}, err
	}
	newer := e == nil || p.index.Load().names[records[len(records)-1]].target.Digest != root.Digest
	if e == nil {
		if e, err = p.download(ctx, root); err != nil {
			return Image{}, err
		}
	}
	r := recording{images: []*entry{e}, target: root, names: records}
	if isSeveral(root) {
		if r.several, err = p.readPlatforms(ctx, root); err != nil {
			return Image{}, err
		}
		if err := p.bringAttestations(ctx, r.several, e.image.Target.Digest); err != nil {
			return Image{}, err
		}
		if r.several, err = p.readPlatforms(ctx, root); err != nil {
			return Image{}, err
		}
	}
	if _, err := p.recordAll(ctx, r); err != nil {
		return Image{}, err
	}
	if !newer {
		p.upToDate(root)
		return p.pulled(e, root), nil
	}
	p.progress.say(Event{Status: "Digest: " + root.Digest.String()})
	p.progress.say(Event{Status: "Status: Downloaded newer image for " + reference.FamiliarString(p.named)})
	return p.pulled(e, root), nil
}

// pulled is the image that was pulled, as one of the platforms of what the registry has.
func (p *pull) pulled(e *entry, root ocispec.Descriptor) Image {
	x := p.index.Load()
	if known := x.images[e.image.ID]; known != nil {
		e = known
	}
	return x.as(e, x.platforms[root.Digest]).image
}

func (p *pull) upToDate(root ocispec.Descriptor) {
	p.progress.say(Event{Status: "Digest: " + root.Digest.String()})
	p.progress.say(Event{Status: "Status: Image is up to date for " + reference.FamiliarString(p.named)})
}

// contact asks the registry what the reference is, and keeps what is needed to fetch it.
func (p *pull) contact(ctx context.Context) (ocispec.Descriptor, error) {
	name, root, err := p.client.Resolve(ctx, recordName(p.named))
	if err != nil {
		return root, p.explain(err)
	}
	if p.fetcher, err = p.client.Fetcher(ctx, name); err != nil {
		return root, err
	}
	return root, nil
}

// download fetches what root leads to on the wanted platform.
func (p *pull) download(ctx context.Context, root ocispec.Descriptor) (*entry, error) {
	target, err := p.resolve(ctx, root, p.want, p.fetch)
	if err != nil {
		return nil, err
	}
	if err := p.fetch(ctx, target, nil); err != nil {
		return nil, err
	}
	blob, err := readBlob(ctx, p.store.Content, target, maxManifest)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(blob)
	if err != nil {
		return nil, err
	}
	if err := p.fetch(ctx, m.Config, nil); err != nil {
		return nil, err
	}
	_, c, err := p.readManifest(ctx, target)
	if err != nil {
		return nil, err
	}
	img := newImage(target, m, c)
	if p.want.explicit && !p.want.Match(platformOf(img)) {
		return nil, fmt.Errorf("image with reference %s was found but does not provide the specified platform (%s), it is for %s: %w",
			reference.FamiliarString(p.named), p.want.name, img.Platform(), errdefs.ErrNotFound)
	}
	p.progress.begin(m.Layers, p.unpackedLayers(ctx, img))
	target.Annotations, target.Platform, target.URLs, target.Data = nil, nil, nil, nil
	from := sources{fetch: p.fetch, unpacked: p.progress.extracting}
	if p.settings.DropBlobs {
		from.pass = p.pass
	}
	return p.assemble(ctx, target, from)
}

// unpackedLayers counts the layers that another image has unpacked already, from the lowest.
func (p *pull) unpackedLayers(ctx context.Context, img Image) int {
	for n, chain := range chainIDs(img.DiffIDs) {
		if _, err := p.store.Snapshots.Stat(ctx, chain.String()); err != nil {
			return n
		}
	}
	return len(img.DiffIDs)
}

// fetch brings one blob into the store. A descriptor's own addresses and data are not followed: they are the image author's.
func (p *pull) fetch(ctx context.Context, desc ocispec.Descriptor, f *store.Follower) error {
	desc.URLs, desc.Data, desc.Annotations = nil, nil, nil
	if isJSONType(desc.MediaType) && desc.Size > maxConfig {
		return fmt.Errorf("%s says it has %d bytes, %d is the most for %s: %w", desc.Digest, desc.Size, maxConfig, desc.MediaType, errdefs.ErrInvalidArgument)
	}
	err := remotes.Fetch(ctx, p.store.Content, remotes.FetcherFunc(func(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
		rc, err := openDownload(ctx, p.fetcher, desc, p.progress)
		if err != nil {
			return nil, err
		}
		return f.Reader(&storing{rc, room.In(p.settings.Root).Reader(rc)}), nil
	}), desc)
	if err != nil && !errdefs.IsAlreadyExists(err) {
		return p.explainBlob(err, desc)
	}
	info, err := p.store.Content.Info(ctx, desc.Digest)
	if err != nil {
		return err
	}
	if info.Size != desc.Size { // it was here already
		return p.explainBlob(fmt.Errorf("it has %d bytes, and what names it says %d: %w", info.Size, desc.Size, errdefs.ErrFailedPrecondition), desc)
	}
	p.progress.downloaded(desc)
	return nil
}

// storing is a download that ends before it has filled the disk.
type storing struct {
	*download
	bounded io.Reader
}

func (s *storing) Read(p []byte) (int, error) { return s.bounded.Read(p) }

// explainBlob says of a blob that could not be fetched why, and what to do.
func (p *pull) explainBlob(err error, desc ocispec.Descriptor) error {
	switch {
	case errdefs.IsNotFound(err) && images.IsNonDistributable(desc.MediaType):
		return fmt.Errorf("layer %s may not be distributed and is not in the registry; the addresses that the image gives for it are not followed: %w", desc.Digest, errdefs.ErrNotFound)
	case errdefs.IsFailedPrecondition(err):
		return fmt.Errorf("what the registry sent for %s of %s is not what it says: the registry is broken, or something on the way to it: %v: %w",
			desc.Digest, reference.FamiliarString(p.named), err, errdefs.ErrInternal)
	case errdefs.IsNotFound(err):
		return fmt.Errorf("the registry has not all of %s: %s is missing there: %w", reference.FamiliarString(p.named), desc.Digest, errdefs.ErrNotFound)
	}
	return p.explain(err)
}

func (p *pull) explain(err error) error {
	return registry.ExplainPull(err, reference.FamiliarString(p.named), reference.FamiliarName(p.named))
}

func tagOrDigest(named reference.Named) string {
	switch r := named.(type) {
	case reference.Digested:
		return r.Digest().String()
	case reference.Tagged:
		return r.Tag()
	}
	return ""
}

func platformOf(img Image) ocispec.Platform {
	return ocispec.Platform{OS: img.OS, Architecture: img.Architecture, Variant: img.Variant, OSVersion: img.OSVersion}
}
