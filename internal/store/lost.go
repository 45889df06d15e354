package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// After the machine went down while not all of the store was on disk, what the builder knows of it may not be true. The store is mended when it is
// opened; the builder forgets what it knows later, and a start may fail in between. So a file says that it has to, until it has.

func lostPath(root string) string { return filepath.Join(root, "lost") }

// markLost makes the file, before what it is about is mended.
func markLost(root string) error {
	err := writeSynced(lostPath(root), nil)
	if errors.Is(err, fs.ErrExist) {
		return syncDir(root)
	}
	return err
}

// Lost tells whether the machine went down while not all of the store was on disk, and Forgotten was not called since: what the builder knows of
// the store may not be true.
func (s *Store) Lost() (bool, error) {
	_, err := os.Lstat(lostPath(s.root))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find out whether the image store lost something: %w", err)
	}
	return true, nil
}

// Forgotten is to be called once the builder knows nothing any more, and the disk has that.
func (s *Store) Forgotten() error {
	if err := removeSynced(lostPath(s.root)); err != nil {
		return fmt.Errorf("note that what the image store lost is forgotten: %w", err)
	}
	return nil
}
