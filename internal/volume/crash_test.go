package volume

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/fs"

	"tug/internal/state"
)

func open(t *testing.T, dir string) *Volumes {
	t.Helper()
	db, err := state.Open(filepath.Join(dir, "state.db"), nil)
	assert.NilError(t, err)
	t.Cleanup(func() { db.Close() })
	v, err := Open(filepath.Join(dir, "volumes"), db.Bucket("volumes"))
	assert.NilError(t, err)
	return v
}

// reopen opens the volumes as the next daemon does.
func reopen(t *testing.T, v *Volumes) *Volumes {
	t.Helper()
	next, err := Open(v.root, v.keeper)
	assert.NilError(t, err)
	return next
}

func withFile(t *testing.T, v *Volumes, name string) Volume {
	t.Helper()
	vol, _, err := v.Create(Wish{Name: name})
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(filepath.Join(vol.Path, "file"), []byte("data"), 0o600))
	return vol
}

func TestARemovalThatWasNotRecordedIsTakenBack(t *testing.T) {
	v := open(t, fs.NewDir(t, "volumes").Path())
	vol := withFile(t, v, "kept")
	assert.NilError(t, os.Rename(filepath.Join(v.root, "kept"), filepath.Join(v.root, removedPrefix+"kept")))
	reopen(t, v)
	data, err := os.ReadFile(filepath.Join(vol.Path, "file"))
	assert.NilError(t, err)
	assert.Equal(t, string(data), "data")
}

func TestARemovalThatWasRecordedIsFinished(t *testing.T) {
	v := open(t, fs.NewDir(t, "volumes").Path())
	withFile(t, v, "gone")
	_, err := v.forget("gone", nobody) // and here the daemon is killed
	assert.NilError(t, err)
	v = reopen(t, v)
	left, err := os.ReadDir(v.root)
	assert.NilError(t, err)
	assert.Equal(t, len(left), 0)
	vol, fresh, err := v.Create(Wish{Name: "gone"})
	assert.NilError(t, err)
	assert.Assert(t, fresh)
	_, err = os.Stat(filepath.Join(vol.Path, "file"))
	assert.Assert(t, os.IsNotExist(err), "a new volume has an old one's file")
}

func TestOnlyEmptyFoldersWithoutARecordAreSwept(t *testing.T) {
	v := open(t, fs.NewDir(t, "volumes").Path())
	assert.NilError(t, os.MkdirAll(filepath.Join(v.root, "empty/_data"), 0o755))
	assert.NilError(t, os.MkdirAll(filepath.Join(v.root, "full/_data/folder"), 0o755))
	v = reopen(t, v)
	left, err := os.ReadDir(v.root)
	assert.NilError(t, err)
	assert.Equal(t, len(left), 1)
	assert.Equal(t, left[0].Name(), "full")
}
