package overlay

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestChanges(t *testing.T) {
	dirs := layers(
		t,
		map[string]string{
			"new": "x", "added/f": "x", "etc/changed": "longer", "etc/same": "same", "etc/gone": "wh", "never": "wh", "touched": "/",
			"opaque": "/opaque", "opaque/kept": "kept", "opaque/fresh": "x", "wasfile/f": "x", "waslink/f": "x", "wasdir": "now a file", "left": "", "a/b/c/d": "x",
		},
		map[string]string{
			"etc/changed": "old", "etc/same": "same", "etc/gone": "x", "touched/f": "x", "opaque/kept": "kept", "opaque/hidden": "x", "opaque/hiddendir/x": "x", "opaque/whited": "wh",
			"wasfile": "x", "waslink": "->a", "wasdir/f": "x", "a/b/c/other": "x", "redone": "/opaque",
		},
		map[string]string{"opaque/whited": "x", "opaque/lowest": "x", "waslink/f": "x", "redone/f": "x", "etc/gone2": "x"},
	)
	when := time.Unix(1e9, 0)
	for _, d := range dirs {
		for _, name := range []string{"etc/same", "opaque/kept"} {
			os.Chtimes(filepath.Join(d, name), when, when)
		}
	}
	if err := os.Chmod(filepath.Join(dirs[0], "touched"), 0o700); err != nil {
		t.Fatal(err)
	}
	left := func(name string, mode uint32, size int64) bool {
		return name == "left" && mode&unix.S_IFREG != 0 && size == 0
	}
	changes, err := Changes(dirs, left)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, fmt.Sprintf("%c %s", "CAD"[c.Kind], c.Path))
	}
	want := []string{
		"C /a", "C /a/b", "C /a/b/c", "A /a/b/c/d", "A /added", "A /added/f", "C /etc", "C /etc/changed", "D /etc/gone", "A /new",
		"C /opaque", "A /opaque/fresh", "D /opaque/hidden", "D /opaque/hiddendir", "D /opaque/lowest",
		"C /touched", "C /wasdir", "C /wasfile", "A /wasfile/f", "C /waslink", "A /waslink/f",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSizeCountsEachFileOnce(t *testing.T) {
	dir := layers(t, map[string]string{"a/f": "12345", "b": "123", "gone": "wh", "link": "->four"})[0]
	if err := os.Link(filepath.Join(dir, "b"), filepath.Join(dir, "a/again")); err != nil {
		t.Fatal(err)
	}
	if n, err := Size(dir); n != 5+3+4 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// TestFoldersNestedBeyondPathsHideNothing nests folders deeper than a path can be long, as a container can.
func TestFoldersNestedBeyondPathsHideNothing(t *testing.T) {
	dirs := layers(t, map[string]string{"z": "123"}, nil)
	t.Chdir(dirs[0])
	for range 2100 {
		if err := os.Mkdir("d", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Chdir("d"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("deepest", []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := Size(dirs[0]); n != 8 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	changes, err := Changes(dirs, nil)
	if err != nil || !slices.Contains(changes, Change{"/z", Added}) || !slices.Contains(changes, Change{"/d/d/d", Added}) {
		t.Errorf("%d changes, %v", len(changes), err)
	}
}
