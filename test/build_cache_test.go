package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cacheUse is what `system df` says of the build cache.
func (d *daemon) cacheUse(t *testing.T) (count int, reclaimable string) {
	t.Helper()
	for line := range strings.Lines(said(t, d.docker("system", "df", "--format", "json"))) {
		var row struct{ Type, TotalCount, Reclaimable string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row.Type == "Build Cache" {
			if _, err := fmt.Sscan(row.TotalCount, &count); err != nil {
				t.Fatal(err)
			}
			reclaimable = row.Reclaimable
		}
	}
	return count, reclaimable
}

// TestTheBuildCacheIsSeenAndPruned looks at what builds leave, removes some of it by its kind, and then all, and looks at the disk.
func TestTheBuildCacheIsSeenAndPruned(t *testing.T) {
	needsEngine(t)
	d := privateDaemon(t)
	if count, _ := d.cacheUse(t); count != 0 {
		t.Fatalf("%d things in the cache before anything is built", count)
	}
	dir := buildContext(t, map[string]string{
		"Dockerfile": "FROM busybox\nCOPY file /\nRUN --mount=type=cache,target=/cache head -c 3000000 /dev/urandom >/cache/kept && head -c 2000000 /dev/urandom >/made\n",
		"file":       "sent\n",
	})
	said(t, d.tug("build", "--output", "type=cacheonly", dir))
	count, reclaimable := d.cacheUse(t)
	if count < 4 || !strings.Contains(reclaimable, "MB") {
		t.Errorf("the cache has %d things with %s, want more", count, reclaimable)
	}
	if got := said(t, d.tug("buildx", "du")); !strings.Contains(got, "Total:") || !strings.Contains(got, "MB") {
		t.Errorf("buildx du says\n%s", got)
	}
	if got := said(t, d.docker("builder", "prune", "--force", "--filter", "type=exec.cachemount")); !strings.Contains(got, "reclaimed space: 3") {
		t.Errorf("pruning cache mounts says\n%s", got)
	}
	if left, _ := d.cacheUse(t); left != count-1 {
		t.Errorf("%d things are left of %d, want one less", left, count)
	}
	if got := said(t, d.docker("builder", "prune", "--force", "--filter", "until=1h")); !strings.Contains(got, "reclaimed space: 0B") {
		t.Errorf("something that was used right now is pruned as if not for an hour:\n%s", got)
	}
	said(t, d.docker("builder", "prune", "--force", "--all"))
	if left, _ := d.cacheUse(t); left != 0 {
		t.Errorf("%d things are left of the cache", left)
	}
	if size := sizeOf(t, filepath.Join(d.dir, "data", "image", "snapshots", "snapshots")); size > 1<<20 {
		t.Errorf("%d bytes of layers are left on the disk", size)
	}
}

// sizeOf is how many bytes are in the files of a folder.
func sizeOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}
