package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// Fill has an empty volume filled with what an image has at its place; one with files in it is left alone. A fresh volume,
// which nobody has seen yet, gets all of it or nothing. In another one a container may be at work while it is filled: fill is
// given a descriptor of the folder, and nothing in it may be named by a path of the host.
func (v *Volumes) Fill(vol Volume, fresh bool, fill func(dir int) error) error {
	if !fresh || len(vol.Options) > 0 {
		return withFolder(vol.Path, func(dir int) error {
			names, err := beneath.Names(dir)
			if err != nil || len(names) > 0 {
				return err
			}
			return fill(dir)
		})
	}
	beside := filepath.Join(filepath.Dir(vol.Path), fillName)
	if err := os.Mkdir(beside, 0o755); err != nil {
		return fmt.Errorf("fill volume %s: %w", vol.Name, err)
	}
	err := withFolder(beside, fill)
	if err == nil {
		err = unix.Rename(beside, vol.Path) // which replaces an empty folder
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(beside))
	}
	return nil
}

// withFolder runs f with a descriptor of a folder.
func withFolder(path string, f func(dir int) error) error {
	dir, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(dir)
	return f(dir)
}
