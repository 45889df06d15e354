package engine

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/image"
	"tug/internal/view"
	"tug/internal/volume"
)

// Volumes are the engine's volumes.
func (e *Engine) Volumes() *volume.Volumes { return e.volumes }

// fillVolume copies what the image has at a path into the volume whose folder dir holds, with owners, modes and attributes. The
// container is being made: there is nothing in its own layer there yet. Other containers may be changing the volume.
func (e *Engine) fillVolume(ctx context.Context, dir int, id string, img image.Image, path string) error {
	root, err := e.images.Rootfs(ctx, img)
	if err != nil || len(root.Layers) == 0 {
		return err
	}
	layers := view.Layers{Base: root.Base, Lower: root.Layers, Dir: e.dir(id)}
	return layers.ReadOnly(func(t archive.Tree) error {
		err := t.CheckFolder(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, archive.ErrNoFolder) {
			return nil // the image has no such folder
		}
		if err != nil {
			return err
		}
		return t.CopyTo(ctx, archive.Tree{Root: dir}, path)
	})
}
