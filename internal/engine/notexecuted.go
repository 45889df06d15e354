package engine

import (
	"context"
	"fmt"
	"path"

	"github.com/containerd/errdefs"

	"tug/internal/archive"
	"tug/internal/container"
	"tug/internal/shim"
)

// notExecuted gives the words for a program that execve(2) refused, whose name is relative to the folder dir of the container.
func (e *Engine) notExecuted(ctx context.Context, prefix string, f *shim.Failure, r *container.Record, dir, program string) error {
	reason := fmt.Sprintf("%v", errnoOf(f))
	switch {
	case !hasSlash(program) && (isErrno(f, enoent) || isErrno(f, eacces)):
		reason = "executable file not found in $PATH"
	case isErrno(f, enoent):
		reason = "stat " + program + ": no such file or directory"
	case isErrno(f, eacces) && e.isFolder(ctx, r, dir, program):
		reason = "is a directory: " + reason // the kernel says the same of a folder and of a file without the right to be executed
	}
	return fmt.Errorf("%sexec: %q: %s: %w", prefix, program, reason, errdefs.ErrInvalidArgument)
}

// isFolder tells whether a path in a container is known to lead to a folder.
func (e *Engine) isFolder(ctx context.Context, r *container.Record, dir, file string) bool {
	if !path.IsAbs(file) {
		file = path.Join("/", dir, file)
	}
	folder := false
	err := e.withFiles(ctx, r, false, func(_ *container.Record, t archive.Tree) error {
		found, err := t.Stat(t.Follow(file))
		folder = found.Mode.IsDir()
		return err
	})
	return err == nil && folder
}
