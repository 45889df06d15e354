package overlay

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStackOpensWhatWouldShowBelow(t *testing.T) {
	dirs := layers(t,
		map[string]string{"a/b/c/f": "x", "hides": "/opaque", "hides/d/f": "x", "itself": "/opaque", "file": "x"},
		map[string]string{"a/b": "/opaque", "a/b/x": "x", "a.": "/", "gone": "wh", "link": "->a"},
		map[string]string{"a/b/c/f": "x", "a/d": "/", "hides/d/f": "x", "itself/f": "x", "file/d/f": "x", "gone/d/f": "x", "link/b/f": "x"},
	)
	stack := NewStack(dirs)
	for _, c := range []struct {
		name string
		from int // which of the layers; 0: nothing shows
	}{
		{"a", 1},
		{"a.", 1},
		{"a/b", 1},
		{"a/b/c", 0},
		{"a/d", 2},
		{"hides", 2},
		{"hides/d", 0},
		{"itself", 2},
		{"itself/f", 0},
		{"file", 2},
		{"file/d", 0},
		{"gone", 0},
		{"gone/d", 0},
		{"link", 0},
		{"link/b", 0},
		{"a/b", 1},
		{"none/of/them", 0},
	} {
		f, err := stack.OpenBelow(c.name)
		if c.from == 0 {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := f.Stat()
		want, werr := os.Stat(filepath.Join(dirs[c.from], c.name))
		if err != nil || werr != nil || !os.SameFile(got, want) {
			t.Errorf("%s is not layer %d's: %v, %v", c.name, c.from, err, werr)
		}
		f.Close()
	}
}

// TestStackGoesDownFar finds each folder of a chain, whose names are far longer together than they are deep.
func TestStackGoesDownFar(t *testing.T) {
	deep := strings.Repeat("d/", 1000) + "d"
	dirs := layers(t, map[string]string{}, map[string]string{deep: "/"})
	stack := NewStack(dirs)
	for n := 1; n <= len(deep); n += 2 {
		f, err := stack.OpenBelow(deep[:n])
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}
