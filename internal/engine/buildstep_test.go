package engine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/containerd/errdefs"

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

// A definition names places as it likes: what is no place for a container's mounts is none for those of a step (CVE-2019-16884).
func TestStepsMountOnlyWhereContainersMay(t *testing.T) {
	for _, dest := range []string{"/proc", "/proc/", "/proc/sys/kernel", "/a/../proc", "/", "//", "/..", "relative", "", "/a\x00b"} {
		if list, err := stepMounts([]build.Mount{{Dest: "/fine"}, {Dest: dest, Tree: build.Tree{Path: t.TempDir()}}}); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %+v, %v", dest, list, err)
		}
	}
	list, err := stepMounts([]build.Mount{{Dest: "/src", Tree: build.Tree{Path: "/x"}, Readonly: true}, {Dest: "/tmp", Tmpfs: []string{"size=1"}}})
	if err != nil || len(list) != 2 || list[0].RW || list[1].Type != "tmpfs" {
		t.Errorf("%+v, %v", list, err)
	}
}
