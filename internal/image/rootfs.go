package image

import (
	"context"
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
)

// Rootfs is where an image's files lie: read-only folders to lay one over the other with overlay. They are there as long as the image is.
type Rootfs struct {
	Base   string   // absolute path of the folder under which all layers of all images lie
	Layers []string // folders relative to Base, the topmost first; none for an image without files
}

// Rootfs returns the folders of the image's layers, and unpacks them if they are not. For an image whose layers are unpacked, which
// is every one that came by Pull, Load or Import, it reads memory only.
func (s *Images) Rootfs(ctx context.Context, img Image) (Rootfs, error) {
	e := s.index.Load().images[img.ID]
	if e == nil {
		return Rootfs{}, fmt.Errorf("no such image: %s: %w", img.ID, errdefs.ErrNotFound)
	}
	if e.unpacked {
		return e.root, nil
	}
	ctx, done, err := s.store.Lease(ctx)
	if err != nil {
		return Rootfs{}, err
	}
	defer done()
	origin := s.origin("", Auth{})
	defer origin.close()
	from := sources{fetch: origin.fetch}
	if s.settings.DropBlobs {
		from.pass = origin.pass
	}
	fresh, err := s.assemble(ctx, e.image.Target, from)
	if err != nil {
		return Rootfs{}, fmt.Errorf("unpack image %s: %w", e.image.ShortID(), err)
	}
	s.replace(fresh)
	return fresh.root, nil
}

// findRoot fills in where the layers lie, if all are unpacked.
func (s *Images) findRoot(ctx context.Context, e *entry) {
	chain, err := s.store.Layers(s.store.Context(ctx), s.topOf(ctx, e.image.ID, e.image.ChainID()))
	if err != nil {
		return
	}
	e.root = Rootfs{Base: s.store.Base(), Layers: chain.Layers}
	e.image.Size = chain.Size
	if len(chain.Sizes) == len(e.image.DiffIDs) { // what a build has merged lies in fewer
		slices.Reverse(chain.Sizes)
		e.sizes = chain.Sizes
	}
	e.unpacked = true
}
