package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/overlay"
)

// Size tells how many bytes a container has written, and how many its files take together with its image's. Errors: NotFound.
func (e *Engine) Size(ctx context.Context, r *container.Record) (written, all int64, err error) {
	img, err := e.imageOf(ctx, r)
	if err != nil {
		return 0, 0, err
	}
	written, err = overlay.Size(filepath.Join(e.dir(r.ID), "upper"))
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("container %s was removed meanwhile: %w", r.ID, errdefs.ErrNotFound)
	}
	return written, img.Size + written, err
}
