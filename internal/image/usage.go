package image

import "github.com/opencontainers/go-digest"

// Usage is how much disk space images take.
type Usage struct {
	Layers int64                   // bytes of all unpacked layers, each counted once
	Blobs  int64                   // bytes of all blobs, each counted once: layers as they came, configurations, manifests
	Shared map[digest.Digest]int64 // bytes of an image's layers that other images have too
}

// Usage tells how much disk space the images' files take. It reads memory only.
func (s *Images) Usage() Usage {
	u := Usage{Shared: map[digest.Digest]int64{}}
	users := map[digest.Digest]int{} // images by the chain ID of a layer they have
	blobs := map[digest.Digest]bool{}
	images := s.index.Load().images
	chains := make(map[digest.Digest][]digest.Digest, len(images))
	for id, e := range images {
		chains[id] = chainIDs(e.image.DiffIDs)
		for i, chain := range chains[id] {
			if users[chain]++; users[chain] == 1 && i < len(e.sizes) {
				u.Layers += e.sizes[i]
			}
		}
		for _, b := range e.image.Blobs {
			if !blobs[b.Digest] {
				blobs[b.Digest] = true
				u.Blobs += b.Size
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
	return u
}
