package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/moby/sys/mount"
)

// ownTemporary has this process make its temporary files in a folder of the data root, as nobody else can look there: builds mount their
// secrets in it, and the files that they copy. What a killed daemon left there goes.
func ownTemporary(dataRoot string) error {
	folder := filepath.Join(dataRoot, "tmp")
	err := mount.RecursiveUnmount(folder)
	if err == nil { // or else what is mounted would be removed
		err = os.RemoveAll(folder)
	}
	if err == nil {
		err = os.Mkdir(folder, 0o700)
	}
	if err != nil {
		return fmt.Errorf("clear the folder of temporary files: %w", err)
	}
	return os.Setenv("TMPDIR", folder)
}
