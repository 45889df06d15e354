package engine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tug/internal/build"
)

// TestWhatIsMadeInOthersLayersIsThrownAway: places for a step's mounts are made over layers that are not its own, in its own folder.
func TestWhatIsMadeInOthersLayersIsThrownAway(t *testing.T) {
	base, dir := t.TempDir(), filepath.Join(t.TempDir(), "step")
	layer := filepath.Join(base, "1", "fs")
	if err := os.MkdirAll(layer, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(layer, 0o711); err != nil {
		t.Fatal(err)
	}
	tree := build.Tree{Layers: []string{layer}}
	if err := makeStepFolder(dir, tree); err != nil {
		t.Fatal(err)
	}
	root, layers, err := stepRoot(base, dir, tree)
	if err != nil {
		t.Fatal(err)
	}
	if root.Path != "" || root.Dir != dir || !slices.Equal(root.Layers, []string{"1/fs"}) || !slices.Equal(layers, root.Layers) {
		t.Errorf("its files are %+v, looked up in %v", root, layers)
	}
	if info, err := os.Stat(filepath.Join(dir, "upper")); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("its root is %v, %v", info, err)
	}
	if s := findStubs(&build.Step{Root: tree}); len(s.places) > 0 {
		t.Errorf("%v are to be tidied up", s.places)
	}
}
