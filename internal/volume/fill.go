package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Fill has an empty volume filled with what an image has at its place; one with files in it is left alone. A fresh volume,
// which nobody has seen yet, gets all of it or nothing.
func (v *Volumes) Fill(vol Volume, fresh bool, fill func(dir string) error) error {
	if !fresh || len(vol.Options) > 0 {
		entries, err := os.ReadDir(vol.Path)
		if err != nil || len(entries) > 0 {
			return err
		}
		return fill(vol.Path)
	}
	beside := filepath.Join(filepath.Dir(vol.Path), fillName)
	if err := os.Mkdir(beside, 0o755); err != nil {
		return fmt.Errorf("fill volume %s: %w", vol.Name, err)
	}
	err := fill(beside)
	if err == nil {
		err = unix.Rename(beside, vol.Path) // which replaces an empty folder
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(beside))
	}
	return nil
}
