package image

import (
	"context"
	"fmt"
	"strconv"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/registry"
)

// Login asks a registry whether it accepts the credentials, and returns the identity token that it gives in place of the password, if any.
func (s *Images) Login(ctx context.Context, server string, a Auth) (identityToken string, err error) {
	return s.registries().Login(ctx, server, a)
}

// Found is a repository that a search has found.
type Found = registry.Found

// SearchOptions narrow a search.
type SearchOptions struct {
	Limit   int                 // 0 leaves it to the index
	Filters map[string][]string // is-official, is-automated (true or false), stars (at least so many)
	Auth    Auth
}

// Search asks Docker Hub's index, or the registry that the term begins with, for repositories.
func (s *Images) Search(ctx context.Context, term string, o SearchOptions) ([]Found, error) {
	keep, err := searchFilter(o.Filters)
	if err != nil {
		return nil, err
	}
	all, err := s.registries().Search(ctx, term, o.Limit, o.Auth)
	if err != nil {
		return nil, err
	}
	found := []Found{}
	for _, f := range all {
		if keep(f) {
			found = append(found, f)
		}
	}
	return found, nil
}

func searchFilter(filters map[string][]string) (func(Found) bool, error) {
	var tests []func(Found) bool
	for key, values := range filters {
		if len(values) == 0 {
			continue
		}
		bad := fmt.Errorf("invalid filter '%s=%s': %w", key, values[0], errdefs.ErrInvalidArgument)
		switch key {
		case "is-official", "is-automated":
			want, err := strconv.ParseBool(values[0])
			if err != nil || len(values) > 1 {
				return nil, bad
			}
			tests = append(tests, func(f Found) bool {
				return want == (key == "is-official" && f.Official || key == "is-automated" && f.Automated)
			})
		case "stars":
			least := 0
			for _, v := range values {
				n, err := strconv.Atoi(v)
				if err != nil {
					return nil, bad
				}
				least = max(least, n)
			}
			tests = append(tests, func(f Found) bool { return f.Stars >= least })
		default:
			return nil, fmt.Errorf("invalid filter '%s': %w", key, errdefs.ErrInvalidArgument)
		}
	}
	return func(f Found) bool {
		for _, t := range tests {
			if !t(f) {
				return false
			}
		}
		return true
	}, nil
}

// Distribution is what a registry has under a name.
type Distribution struct {
	Descriptor ocispec.Descriptor
	Platforms  []ocispec.Platform
}

// Distribution asks the registry, or a mirror of it, what a name is there. Nothing of it is kept.
func (s *Images) Distribution(ctx context.Context, ref string, a Auth) (Distribution, error) {
	if hexID(ref) {
		return Distribution{}, fmt.Errorf("%q looks like an image ID, which no registry knows: give a name: %w", ref, errdefs.ErrInvalidArgument)
	}
	named, err := parseName(ref)
	if err != nil {
		return Distribution{}, err
	}
	ctx, done, err := s.store.Lease(ctx)
	if err != nil {
		return Distribution{}, err
	}
	defer done()
	client, err := s.client(named, a)
	if err != nil {
		return Distribution{}, err
	}
	defer client.Close()
	p := &pull{Images: s, named: named, client: client, progress: newProgress(nil)}
	root, err := p.contact(ctx)
	if err != nil {
		return Distribution{}, err
	}
	d := Distribution{Descriptor: ocispec.Descriptor{MediaType: root.MediaType, Digest: root.Digest, Size: root.Size}}
	d.Platforms, err = p.platforms(ctx, root)
	return d, err
}

// platforms reads for which platforms a manifest or an index is; none for what is no image.
func (p *pull) platforms(ctx context.Context, root ocispec.Descriptor) ([]ocispec.Platform, error) {
	if !images.IsIndexType(root.MediaType) && !images.IsManifestType(root.MediaType) {
		return nil, nil
	}
	if err := p.fetch(ctx, root, nil); err != nil {
		return nil, err
	}
	blob, err := readBlob(ctx, p.store.Content, root, maxManifest)
	if err != nil {
		return nil, err
	}
	if images.IsIndexType(root.MediaType) {
		x, err := parseIndex(blob)
		if err != nil {
			return nil, err
		}
		var list []ocispec.Platform
		for _, m := range x.Manifests {
			if m.Platform != nil {
				list = append(list, *m.Platform)
			}
		}
		return list, nil
	}
	m, err := parseManifest(blob)
	if err != nil {
		return nil, err
	}
	if err := p.fetch(ctx, m.Config, nil); err != nil {
		return nil, err
	}
	_, c, err := p.readManifest(ctx, root)
	if err != nil {
		return nil, err
	}
	return []ocispec.Platform{platformOf(newImage(root, m, c))}, nil
}

// PullAll pulls every tag of a repository, one after the other, and returns the images. What was pulled before a fault stays.
func (s *Images) PullAll(ctx context.Context, repository string, o PullOptions) ([]Image, error) {
	named, err := reference.ParseNormalizedNamed(repository)
	if err != nil {
		return nil, fmt.Errorf("%q: %w: %w", repository, err, errdefs.ErrInvalidArgument)
	}
	if !reference.IsNameOnly(named) {
		return nil, fmt.Errorf("%q: all tags are pulled of a repository, not of a tag or a digest: %w", repository, errdefs.ErrInvalidArgument)
	}
	client, err := s.client(named, o.Auth)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	tags, err := client.Tags(ctx, reference.Path(named))
	if err != nil {
		return nil, registry.ExplainPull(err, reference.FamiliarName(named), reference.FamiliarName(named))
	}
	var list []Image
	for _, t := range tags {
		tagged, err := reference.WithTag(named, t)
		if err != nil {
			return list, fmt.Errorf("registry has a tag %.100q, which is none: %w: %w", t, err, errdefs.ErrUnavailable)
		}
		img, err := s.Pull(ctx, tagged.String(), o)
		if err != nil {
			return list, fmt.Errorf("tag %s: %w", t, err)
		}
		list = append(list, img)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("repository %s has no tags: %w", reference.FamiliarName(named), errdefs.ErrNotFound)
	}
	return list, nil
}
