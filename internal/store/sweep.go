package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// sweepIngests removes what a killed process left of blobs that it had just put into their place: folders below content/ingest
// without the data, which the content store itself passes over for ever.
func sweepIngests(root string) error {
	dirs, err := os.ReadDir(filepath.Join(root, "content", "ingest"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for half-written blobs: %w", err)
	}
	for _, d := range dirs {
		dir := filepath.Join(root, "content", "ingest", d.Name())
		if _, err := os.Lstat(filepath.Join(dir, "data")); !errors.Is(err, fs.ErrNotExist) {
			continue // whole, and gone on with
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove a half-written blob: %w", err)
		}
	}
	return nil
}
