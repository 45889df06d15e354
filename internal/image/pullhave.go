package image

import (
	"context"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// have returns the image of the wanted platform in what the registry has, if it is here and unpacked; nil if it is not.
func (p *pull) have(root ocispec.Descriptor) *entry {
	x := p.index.Load()
	n := x.names[digestName(p.named, root.Digest)]
	e := x.images[n.id]
	if several := x.platforms[root.Digest]; several != nil {
		e = several.chosen(x, p.want)
	} else if isSeveral(root) {
		return nil
	}
	if e == nil || !e.unpacked || !p.want.Match(platformOf(e.image)) {
		return nil
	}
	return e
}

// chosen is the image that is to be pulled of an index for a platform, if it is here.
func (p *Platforms) chosen(x *index, want wanted) *entry {
	var all ocispec.Index
	for _, m := range p.Manifests {
		all.Manifests = append(all.Manifests, m.Descriptor)
	}
	fit := choose(all, want)
	if len(fit) == 0 {
		return nil
	}
	at := slices.IndexFunc(p.Manifests, func(m Manifest) bool { return m.Descriptor.Digest == fit[0].Digest })
	return x.images[p.Manifests[at].Image]
}

// kept is have, and keeps the image from being collected.
func (p *pull) kept(ctx context.Context, root ocispec.Descriptor) (*entry, error) {
	e := p.have(root)
	if e == nil {
		return nil, nil
	}
	for _, d := range []digest.Digest{root.Digest, e.image.Target.Digest} {
		if err := p.store.Keep(ctx, d); err != nil {
			return nil, err
		}
	}
	return p.have(root), nil // it may have gone before it was kept
}
