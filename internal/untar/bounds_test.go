package untar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/errdefs"

	"tug/internal/archive"
)

// TestFoldersAreRememberedWithinBounds: the same folder over and over takes nothing, many folders are refused, also those that one name implies.
func TestFoldersAreRememberedWithinBounds(t *testing.T) {
	var same, many []entry
	for i := range 200 {
		same = append(same, folder("same"), file("a/b/f", ""), file("a", ""), folder("a"))
		many = append(many, folder(fmt.Sprint("a folder ", i)))
	}
	for name, c := range map[string]struct {
		entries []entry
		refused bool
	}{
		"the same": {same, false},
		"many":     {many, true},
		"implied":  {[]entry{file(strings.Repeat("d/", 200)+"f", "")}, true},
	} {
		x, err := newExtraction(t.TempDir(), true)
		if err != nil {
			t.Fatal(err)
		}
		x.folders.notes = archive.NewNotes[note](10_000)
		_, err = x.read(t.Context(), bytes.NewReader(archived(t, c.entries...)))
		if errdefs.IsInvalidArgument(err) != c.refused || !c.refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		x.folders.close()
	}
}

// ending is a context that ends when it was asked so many times whether it has.
type ending struct {
	context.Context
	left int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

// holes is an archive of one file that is nothing but a hole (GNU tar's format 1.0 of sparse files).
func holes(t *testing.T, size int64) []byte {
	t.Helper()
	e := file("GNUSparseFile.0/holes", "0\n"+strings.Repeat("\x00", 510))
	e.PAXRecords = map[string]string{"XXX.sparse.major": "1", "XXX.sparse.minor": "0", "XXX.sparse.name": "holes", "XXX.sparse.realsize": fmt.Sprint(size)}
	return bytes.ReplaceAll(archived(t, e), []byte("XXX.sparse."), []byte("GNU.sparse."))
}

func TestHolesAreWrittenNoLongerThanTheContextLasts(t *testing.T) {
	const size = 64 * blockSize
	dir := t.TempDir()
	if _, err := Layer(t.Context(), dir, bytes.NewReader(holes(t, size)), true); err != nil {
		t.Fatal(err)
	}
	if st := stat(t, filepath.Join(dir, "holes")); st.Size != size {
		t.Errorf("%d bytes", st.Size)
	}
	dir = t.TempDir()
	_, err := Layer(&ending{t.Context(), 5}, dir, bytes.NewReader(holes(t, size)), true)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if st, err := os.Stat(filepath.Join(dir, "holes")); err == nil && st.Size() > 5*blockSize {
		t.Errorf("%d bytes were written", st.Size())
	}
}
