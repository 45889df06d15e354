package volume

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/sys/mount"
	"github.com/moby/sys/mountinfo"
)

// removedPrefix begins the names of folders whose volumes are being removed; no volume's name begins so.
const removedPrefix = ".removed-"

// sweep ends removals that a crash has interrupted, or takes them back if the volume is still recorded, and removes the
// empty folder of a volume that was never recorded. One with files in it is left for somebody to look at.
func (v *Volumes) sweep() error {
	entries, err := os.ReadDir(v.root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(v.root, e.Name())
		name, removed := strings.CutPrefix(e.Name(), removedPrefix)
		_, recorded := v.byName[name]
		switch {
		case removed && recorded:
			err = os.Rename(path, filepath.Join(v.root, name))
		case removed:
			err = removeAside(path)
		case recorded:
			err = os.RemoveAll(filepath.Join(path, fillName))
		default:
			_, _ = os.Remove(filepath.Join(path, dataName)), os.Remove(path) // which take only empty ones
		}
		if err != nil {
			return fmt.Errorf("sweep the volumes: %w", err)
		}
	}
	return nil
}

// removeAside removes the folder of a volume that was taken aside. What may still be mounted in it is never removed with it.
func removeAside(path string) error {
	data := filepath.Join(path, dataName)
	mounted, err := mountinfo.Mounted(data)
	if err == nil && mounted {
		err = mount.Unmount(data)
	}
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.RemoveAll(path)
}
