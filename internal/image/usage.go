package image

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/opencontainers/go-digest"
)

// Usage is how much disk space images take.
type Usage struct {
	Layers int64                   // bytes of all unpacked layers, each counted once
	Blobs  int64                   // bytes of all blobs that are kept, each counted once: layers as they came, configurations, manifests
	Shared map[digest.Digest]int64 // bytes of an image's unpacked layers that other images have too
	Kept   map[digest.Digest]int64 // bytes of the blobs that are kept of an image; by its digest, of an index itself and what is attested in it
	Own    map[digest.Digest]int64 // bytes of those of them that no other image or index has
}

// Usage tells how much disk space the images' files take. It reads memory, and asks the store which blobs are there: of layers that a registry can give
// again they need not be.
func (s *Images) Usage(ctx context.Context) (Usage, error) {
	x := s.index.Load()
	images := x.images
	u := Usage{Shared: map[digest.Digest]int64{}, Kept: map[digest.Digest]int64{}, Own: map[digest.Digest]int64{}}
	u.countLayers(images)
	users := map[digest.Digest][]digest.Digest{} // images and indexes by a blob that they have
	for id, e := range images {
		for _, b := range e.image.Blobs {
			users[b.Digest] = append(users[b.Digest], id)
		}
	}
	for d, p := range x.platforms {
		for _, b := range p.ownBlobs() {
			users[b.Digest] = append(users[b.Digest], d)
		}
	}
	err := s.store.Content.Walk(s.store.Context(ctx), func(b content.Info) error {
		for _, id := range users[b.Digest] {
			u.Kept[id] += b.Size
		}
		if by := users[b.Digest]; len(by) > 0 {
			u.Blobs += b.Size
			if len(by) == 1 {
				u.Own[by[0]] += b.Size
			}
		}
		return nil
	})
	if err != nil {
		return u, fmt.Errorf("measure the blobs of images: %w", err)
	}
	return u, nil
}

// ownBlobs are the blobs of an index that belong to none of its images, each once.
func (p *Platforms) ownBlobs() []Blob {
	var all []Blob
	for _, d := range p.indexes {
		all = append(all, Blob{d.Digest, d.Size})
	}
	for _, m := range p.Manifests {
		all = append(all, m.Blobs...)
	}
	slices.SortFunc(all, func(a, b Blob) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
	return slices.Compact(all) // attestations may have one configuration
}

func (u *Usage) countLayers(images map[digest.Digest]*entry) {
	users := map[digest.Digest]int{} // images by the chain ID of a layer they have
	chains := make(map[digest.Digest][]digest.Digest, len(images))
	for id, e := range images {
		chains[id] = chainIDs(e.image.DiffIDs)
		for i, chain := range chains[id] {
			if users[chain]++; users[chain] == 1 && i < len(e.sizes) {
				u.Layers += e.sizes[i]
			}
		}
	}
	for id, e := range images {
		var shared int64
		for i, chain := range chains[id] {
			if users[chain] > 1 && i < len(e.sizes) {
				shared += e.sizes[i]
			}
		}
		u.Shared[id] = shared
	}
}
