package store

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/containerd/errdefs"
)

// maxLayers bounds the walk along a chain; overlay itself takes 500 layers.
const maxLayers = 500

// Base returns the folder under which all layers lie.
func (s *Store) Base() string { return filepath.Join(s.root, "snapshots", "snapshots") }

// Chain is an unpacked stack of layers.
type Chain struct {
	Layers []string // folders relative to Base, the topmost first
	Sizes  []int64  // bytes on disk of each
	Size   int64    // bytes on disk of all of them
}

// Layers returns the folders of the layers up to chain, a chain ID (see the OCI image specification, config.md, "Layer
// ChainID"). The empty chain has none. It fails with NotFound if one of them is not unpacked.
func (s *Store) Layers(ctx context.Context, chain string) (Chain, error) {
	ctx = s.Context(ctx)
	var c Chain
	for key := chain; key != ""; {
		if len(c.Layers) == maxLayers {
			return Chain{}, fmt.Errorf("image has more than %d layers: %w", maxLayers, errdefs.ErrInvalidArgument)
		}
		info, err := s.Snapshots.Stat(ctx, key)
		if err != nil {
			return Chain{}, fmt.Errorf("find layer %s: %w", key, err)
		}
		usage, err := s.Snapshots.Usage(ctx, key)
		if err != nil {
			return Chain{}, fmt.Errorf("measure layer %s: %w", key, err)
		}
		dir, err := filepath.Rel(s.Base(), info.Labels[s.layers.label])
		if err != nil || !filepath.IsLocal(dir) {
			return Chain{}, fmt.Errorf("layer %s lies outside of %s: %w", key, s.Base(), errdefs.ErrInternal)
		}
		c.Layers = append(c.Layers, dir)
		c.Sizes = append(c.Sizes, usage.Size)
		c.Size += usage.Size
		key = info.Parent
	}
	return c, nil
}
