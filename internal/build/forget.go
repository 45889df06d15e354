package build

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/leases"
)

const (
	resultsDB = "cache.db"
	recordsDB = "metadata_v2.db"
	historyDB = "history.db"
)

// historyLease begins the names of leases that BuildKit's history has.
const historyLease = "ref_"

// forget forgets the cache: its databases, which may be damaged, and what it held in the store. The history stays; it waits for the disk.
func forget(ctx context.Context, s *Settings) error {
	for _, db := range []string{resultsDB, recordsDB} {
		if err := os.Remove(filepath.Join(s.Root, db)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	list, err := s.Store.Leases.List(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, l := range list {
		if _, ours := l.Labels[heldByBuilds]; ours && !strings.HasPrefix(l.ID, historyLease) {
			failed = append(failed, s.Store.Leases.Delete(ctx, leases.Lease{ID: l.ID}))
		}
	}
	s.Store.Collect()
	return errors.Join(append(failed, syncFolder(s.Root))...)
}

// syncFolder has the disk know what a folder has, if there is one.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
