package engine

import (
	"archive/tar"
	"context"
	"fmt"
	"io"

	"tug/internal/archive"
	"tug/internal/container"
	"tug/internal/events"
)

// Export writes a container's files, without what is mounted over them, as an archive. Errors: NotFound, Conflict, and those of
// writing.
func (e *Engine) Export(ctx context.Context, ref string, w io.Writer) error {
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	if err := notGoing(r, "export"); err != nil {
		return err
	}
	layers, err := e.viewLayers(ctx, r)
	if err != nil {
		return err
	}
	err = layers.ReadOnly(func(t archive.Tree) error {
		out := tar.NewWriter(w)
		if err := t.Pack(ctx, out, "/", archive.PackOptions{}); err != nil {
			return err
		}
		if err := e.stillThere(r); err != nil {
			return err
		}
		return out.Close()
	})
	if err != nil {
		return fmt.Errorf("export container %s: %w", ref, err)
	}
	e.publish(r, events.Export)
	return nil
}

// notGoing refuses what needs a container's files of one that is about to go. Errors: Conflict.
func notGoing(r *container.Record, what string) error {
	switch r.State.Status {
	case container.Dead:
		return fmt.Errorf("You cannot %s container %s which is Dead: %w", what, r.ID, errConflict) //nolint:staticcheck // Docker's words
	case container.Removing:
		return fmt.Errorf("You cannot %s container %s which is being removed: %w", what, r.ID, errConflict) //nolint:staticcheck // Docker's words
	}
	return nil
}

// stillThere tells, after a container's files were read, whether all of them were there to be read. Errors: Conflict.
func (e *Engine) stillThere(r *container.Record) error {
	if _, err := e.containers.Get(r.ID); err != nil {
		return fmt.Errorf("container %s was removed meanwhile: %w", r.ID, errConflict)
	}
	return nil
}
