package engine

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAFolderThatWasCopiedForAMountGoesIfTheLayersShowIt: a/p was copied up for the place a/p/x. HOST is a folder of the host that has a p.
func TestAFolderThatWasCopiedForAMountGoesIfTheLayersShowIt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("whiteouts and opaque folders need root")
	}
	folder := func(name string) func(string, string) error {
		return func(layer, _ string) error { return os.MkdirAll(filepath.Join(layer, name), 0o755) }
	}
	opaque := func(name string) func(string, string) error {
		return func(layer, _ string) error {
			return errors.Join(folder(name)(layer, ""), unix.Setxattr(filepath.Join(layer, name), "trusted.overlay.opaque", []byte("y"), 0))
		}
	}
	whiteout := func(layer, _ string) error {
		return errors.Join(folder("a")(layer, ""), unix.Mknod(filepath.Join(layer, "a", "p"), unix.S_IFCHR, 0))
	}
	link := func(layer, host string) error { return os.Symlink(host, filepath.Join(layer, "a")) }
	for name, c := range map[string]struct {
		layers []func(layer, host string) error // the topmost first, with the step's own
		goes   bool
	}{
		"it shows":                          {[]func(string, string) error{folder("a"), folder("a"), folder("a/p")}, true},
		"the step has made its own":         {[]func(string, string) error{opaque("a/p"), folder("a/p")}, false},
		"the step has made the one above":   {[]func(string, string) error{opaque("a"), folder("a/p")}, false},
		"a folder hides it":                 {[]func(string, string) error{folder("a"), opaque("a"), folder("a/p")}, false},
		"it was removed":                    {[]func(string, string) error{folder("a"), whiteout, folder("a/p")}, false},
		"a link to the host":                {[]func(string, string) error{folder("a"), link}, false},
		"a link to the host that is hidden": {[]func(string, string) error{folder("a"), opaque("a"), link}, false},
	} {
		t.Run(name, func(t *testing.T) {
			host := t.TempDir()
			if err := folder("p")(host, ""); err != nil {
				t.Fatal(err)
			}
			var layers []string
			for _, fill := range c.layers {
				layer := t.TempDir()
				layers = append(layers, layer)
				if err := fill(layer, host); err != nil {
					t.Fatal(err)
				}
			}
			tidied := &stubs{upper: layers[0], lower: layers[1:], places: []string{"a/p/x"}}
			place := filepath.Join(layers[0], "a", "p", "x")
			if err := errors.Join(folder("a/p")(layers[0], ""), os.WriteFile(place, nil, 0o644)); err != nil {
				t.Fatal(err)
			}
			tidied.remove(slog.New(slog.DiscardHandler))
			if _, err := os.Lstat(place); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the place is there: %v", err)
			}
			if _, err := os.Lstat(filepath.Dir(place)); errors.Is(err, fs.ErrNotExist) != c.goes {
				t.Errorf("the folder that it was in: %v", err)
			}
		})
	}
}
