package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// A layer is many small files. To wait until the disk has each would take longer than everything else about a pull, and it need not be:
// a layer can be unpacked again from its blob, and blobs are synced. So layers are synced in the background, and until that is
// done a marker file says since when there are layers that a power loss may have damaged. A store that is opened after
// another boot and finds a marker drops the layers made since; they are unpacked again when they are needed.

// clockSlack is how far the clock may have been set back between a marker and the layers made after it.
const clockSlack = 10 * time.Minute

// marker is the content of a marker file.
type marker struct {
	Boot  string    // the kernel's boot ID
	Since time.Time // layers made from then on may not be on disk
}

// Unpacking is to be called before layers are made, and what it returns after they are. That returns at once; the layers are
// brought to disk in the background.
func (s *Store) Unpacking() (done func(), err error) {
	blob, err := json.Marshal(marker{Boot: s.boot, Since: time.Now()})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.unsyncedDir(), rand.Text())
	if err := writeSynced(path, blob); err != nil {
		return nil, fmt.Errorf("mark layers as not yet on disk: %w", err)
	}
	return func() { s.syncs.Go(func() { s.syncLayers(path) }) }, nil
}

func (s *Store) unsyncedDir() string { return filepath.Join(s.root, "unsynced") }

// syncLayers brings all layers to disk and removes markers that were made before it.
func (s *Store) syncLayers(markers ...string) {
	err := syncFS(s.Base())
	for _, m := range markers {
		if err == nil {
			err = os.Remove(m)
		}
	}
	if err != nil {
		s.log.Warn("cannot bring image layers to disk", "error", err) // the markers stay, and say so
	}
}

// bootID tells this boot of the kernel from others.
func bootID() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("tell this boot from others: %w", err)
	}
	return strings.TrimSpace(string(boot)), nil
}

// checkUnsynced looks for markers that an earlier process left: after a crash of that process alone the layers are synced now, after one of
// the machine they are dropped.
func (s *Store) checkUnsynced(ctx context.Context) error {
	if err := privateDir(s.unsyncedDir()); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(s.unsyncedDir(), "*"))
	if err != nil || len(files) == 0 {
		return err
	}
	var since time.Time
	lost := false
	for _, f := range files {
		var m marker
		blob, err := os.ReadFile(f)
		if err == nil {
			err = json.Unmarshal(blob, &m)
		}
		if err != nil { // not even the marker is whole: nothing was made after it
			continue
		}
		if m.Boot != s.boot {
			if !lost || m.Since.Before(since) {
				since = m.Since
			}
			lost = true
		}
	}
	if !lost {
		s.syncs.Go(func() { s.syncLayers(files...) })
		return nil
	}
	if err := markLost(s.root); err != nil {
		return err
	}
	s.log.Warn("the machine went down while image layers were not yet on disk: they will be unpacked again", "since", since)
	if err := s.dropLayers(ctx, since.Add(-clockSlack)); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	return nil
}

// dropLayers removes all layers made since a time, and what lies on them.
func (s *Store) dropLayers(ctx context.Context, since time.Time) error {
	ctx = s.Context(ctx)
	var all []snapshots.Info
	err := s.Snapshots.Walk(ctx, func(_ context.Context, i snapshots.Info) error {
		all = append(all, i)
		return nil
	})
	if err != nil {
		return fmt.Errorf("list layers: %w", err)
	}
	drop := map[string]bool{}
	for grown := true; grown; { // what lies on a dropped layer is dropped
		grown = false
		for _, i := range all {
			if !drop[i.Name] && (!i.Created.Before(since) || drop[i.Parent]) {
				drop[i.Name], grown = true, true
			}
		}
	}
	for shrunk := true; shrunk && len(drop) > 0; { // a layer can be removed once nothing lies on it
		shrunk = false
		for name := range drop {
			switch err := s.Snapshots.Remove(ctx, name); {
			case err == nil || errdefs.IsNotFound(err):
				delete(drop, name)
				shrunk = true
			case !errdefs.IsFailedPrecondition(err):
				return fmt.Errorf("remove layer %s: %w", name, err)
			}
		}
	}
	return s.collect(ctx)
}

// writeSynced writes a file that is on disk, with its name, when it returns.
func writeSynced(path string, blob []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(blob)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return errors.Join(unix.Fsync(dir), unix.Close(dir))
}
