package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"tug/internal/store"
)

// origin are the repositories that images were pulled from or pushed to, as far as their repository digests tell: they give again what is not kept.
type origin struct {
	*Images
	auth   Auth   // credentials for the registry
	domain string // that they are for; others are asked without

	mu      sync.Mutex // guards clients
	clients map[string]*pull
}

// origin returns where blobs come from again. close must be called.
func (s *Images) origin(domain string, auth Auth) *origin {
	return &origin{Images: s, auth: auth, domain: domain, clients: map[string]*pull{}}
}

func (o *origin) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.clients {
		p.client.Close()
	}
}

// bringBack brings those of the blobs into the store that are not there. The lease in ctx holds them all.
func (o *origin) bringBack(ctx context.Context, blobs []ocispec.Descriptor) error {
	fetches := o.reach.Load().fetches
	group, ctx := errgroup.WithContext(ctx)
	seen := map[digest.Digest]bool{}
	for _, b := range blobs {
		if seen[b.Digest] {
			continue // an image may have a layer twice
		}
		seen[b.Digest] = true
		if _, err := o.existing(ctx, b.Digest); err == nil {
			continue
		}
		group.Go(func() error {
			if err := fetches.Acquire(ctx, 1); err != nil {
				return err
			}
			defer fetches.Release(1)
			return o.fetch(ctx, b, nil)
		})
	}
	return group.Wait()
}

// fetch brings one blob into the store.
func (o *origin) fetch(ctx context.Context, desc ocispec.Descriptor, f *store.Follower) error {
	return o.try(ctx, desc, func(p *pull) error { return p.fetch(ctx, desc, f) })
}

// pass has one blob read without keeping it. It is asked for in one place only, as what was read is not read again.
func (o *origin) pass(ctx context.Context, desc ocispec.Descriptor, read func(io.Reader) error) error {
	begun := false
	return o.try(ctx, desc, func(p *pull) error {
		if begun {
			return fmt.Errorf("it was read in part: %w", errdefs.ErrUnavailable)
		}
		return p.pass(ctx, desc, func(r io.Reader) error {
			begun = true
			return read(r)
		})
	})
}

// try asks one repository after the other.
func (o *origin) try(ctx context.Context, desc ocispec.Descriptor, ask func(*pull) error) error {
	var failed []error
	for _, r := range o.index.Load().repositoriesWith(desc.Digest) {
		p, err := o.repository(ctx, r)
		if err == nil {
			err = ask(p)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		failed = append(failed, err)
	}
	if len(failed) == 0 {
		return fmt.Errorf("layer %s is not kept here, and it is not known which registry has it: pull or load an image with it again: %w", short(desc.Digest), errdefs.ErrNotFound)
	}
	return fmt.Errorf("layer %s is not kept here (layer-blobs), and is not to be had again: %w", short(desc.Digest), errors.Join(failed...))
}

// repository is the way to a repository.
func (o *origin) repository(ctx context.Context, named reference.Canonical) (*pull, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p := o.clients[named.Name()]; p != nil {
		return p, nil
	}
	var auth Auth
	if reference.Domain(named) == o.domain {
		auth = o.auth
	}
	client, err := o.client(named, auth)
	if err != nil {
		return nil, err
	}
	p := &pull{Images: o.Images, named: named, client: client, progress: newProgress(nil)}
	if p.fetcher, err = client.Fetcher(ctx, named.String()); err != nil {
		client.Close()
		return nil, err
	}
	o.clients[named.Name()] = p
	return p, nil
}

// repositoriesWith returns a repository digest of each repository that has an image with the blob, sorted.
func (x *index) repositoriesWith(blob digest.Digest) []reference.Canonical {
	found := map[string]reference.Canonical{}
	for record, n := range x.names {
		has := func(id digest.Digest) bool {
			e := x.images[id]
			return e != nil && slices.ContainsFunc(e.image.Blobs, func(b Blob) bool { return b.Digest == blob })
		}
		if !isDigestName(record) || !slices.ContainsFunc(x.led(n), has) {
			continue
		}
		if named, err := reference.ParseNormalizedNamed(record); err == nil {
			if digested, ok := named.(reference.Canonical); ok {
				found[named.Name()] = digested
			}
		}
	}
	var list []reference.Canonical
	for _, d := range found {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b reference.Canonical) int { return cmp.Compare(a.Name(), b.Name()) })
	return list
}
