package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
)

// Remove removes a volume with all that is in it. Users tells which containers have it; it is asked when no container that
// is being made can get it any more. Errors: NotFound, Conflict (in use).
func (v *Volumes) Remove(name string, users func() []string) error {
	aside, err := v.forget(name, users)
	if err != nil {
		return err
	}
	if err := removeAside(aside); err != nil {
		return fmt.Errorf("remove volume %s: %w", name, err)
	}
	return nil
}

// forget takes a volume's folder aside, and then its record away: whatever a crash leaves in between, sweep finds.
func (v *Volumes) forget(name string, users func() []string) (aside string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	vol, ok := v.byName[name]
	if !ok {
		return "", noVolume(name)
	}
	if v.held[name] > 0 {
		return "", fmt.Errorf("remove %s: volume is in use - by a container that is being created: %w", name, errdefs.ErrConflict)
	}
	if ids := users(); len(ids) > 0 {
		return "", fmt.Errorf("remove %s: volume is in use - %v: %w", name, ids, errdefs.ErrConflict)
	}
	aside = filepath.Join(v.root, removedPrefix+name)
	err = removeAside(aside)
	if err == nil {
		err = os.Rename(filepath.Dir(vol.Path), aside)
	}
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("remove volume %s: %w", name, err)
	}
	if err := v.syncRoot(); err != nil {
		return "", fmt.Errorf("remove volume %s: %w", name, err)
	}
	if err := v.keeper.Delete(name); err != nil {
		return "", errors.Join(fmt.Errorf("forget volume %s: %w", name, err), os.Rename(aside, filepath.Dir(vol.Path)))
	}
	delete(v.byName, name)
	v.mounts.forget(name)
	return aside, nil
}

func (v *Volumes) syncRoot() error {
	root, err := os.Open(v.root)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.Sync()
}
