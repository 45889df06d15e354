package image

import "github.com/opencontainers/go-digest"

// Usage is how much disk space images take.
type Usage struct {
	Layers int64                   // bytes of all unpacked layers, each counted once
	Shared map[digest.Digest]int64 // bytes of an image's layers that other images have too
}

// Usage tells how much disk space the images' files take. It reads memory only.
func (s *Images) Usage() Usage {
	u := Usage{Shared: map[digest.Digest]int64{}}
	users := map[digest.Digest]int{} // images by the chain ID of a layer they have
	images := s.index.Load().images
	for _, e := range images {
		for i, chain := range chainIDs(e.image.DiffIDs) {
			if users[chain]++; users[chain] == 1 && i < len(e.sizes) {
				u.Layers += e.sizes[i]
			}
		}
	}
	for id, e := range images {
		var shared int64
		for i, chain := range chainIDs(e.image.DiffIDs) {
			if users[chain] > 1 && i < len(e.sizes) {
				shared += e.sizes[i]
			}
		}
		u.Shared[id] = shared
	}
	return u
}
