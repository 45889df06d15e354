package volume

import (
	"context"
	"fmt"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/sys/mount"
	"github.com/moby/sys/mountinfo"
)

// mounts are the volumes with options that somebody uses.
type mounts struct {
	mu   sync.Mutex // guards used
	used map[string]*users
}

// users are the containers that use one volume. Its lock is held while it is mounted or unmounted, which may take long.
type users struct {
	mu  sync.Mutex // guards ids
	ids map[string]bool
}

func (m *mounts) of(name string) *users {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.used == nil {
		m.used = map[string]*users{}
	}
	u := m.used[name]
	if u == nil {
		u = &users{ids: map[string]bool{}}
		m.used[name] = u
	}
	return u
}

// forget forgets a volume that is removed: it has no users.
func (m *mounts) forget(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.used, name)
}

// Use mounts a volume that has options, unless another user has it mounted; other volumes are ready as they are. The user
// is a container's ID, or that of somebody who looks at it. What is mounted outlives the daemon. Errors: NotFound, InvalidArgument (the kernel refuses).
func (v *Volumes) Use(ctx context.Context, name, user string) error {
	vol, err := v.Get(name)
	if err != nil || len(vol.Options) == 0 {
		return err
	}
	u := v.mounts.of(name)
	u.mu.Lock()
	defer u.mu.Unlock()
	if mounted, err := mountinfo.Mounted(vol.Path); err != nil {
		return fmt.Errorf("volume %s: %w", name, err)
	} else if !mounted {
		options, err := withAddress(ctx, vol.Options["type"], vol.Options["o"])
		if err != nil {
			return fmt.Errorf("volume %s: %w", name, err)
		}
		if err := mount.Mount(vol.Options["device"], vol.Path, vol.Options["type"], options); err != nil {
			return fmt.Errorf("failed to mount local volume %s: %w: %w", name, err, errdefs.ErrInvalidArgument)
		}
	}
	u.ids[user] = true
	return nil
}

// Release unmounts what Use has mounted, after its last user.
func (v *Volumes) Release(name, user string) error {
	vol, err := v.Get(name)
	if err != nil || len(vol.Options) == 0 {
		return nil //nolint:nilerr // one that is gone is not mounted
	}
	u := v.mounts.of(name)
	u.mu.Lock()
	defer u.mu.Unlock()
	if delete(u.ids, user); len(u.ids) > 0 {
		return nil
	}
	if err := mount.Unmount(vol.Path); err != nil {
		return fmt.Errorf("unmount volume %s: %w", name, err)
	}
	return nil
}

// Adopt tells which containers use which volumes, by name, after a restart, and unmounts all others.
func (v *Volumes) Adopt(used map[string][]string) (err error) {
	for _, vol := range v.List() {
		if len(vol.Options) == 0 {
			continue
		}
		for _, user := range used[vol.Name] {
			v.mounts.of(vol.Name).ids[user] = true
		}
		if failed := v.Release(vol.Name, ""); err == nil {
			err = failed
		}
	}
	return err
}
