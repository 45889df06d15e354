package image

import (
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestDamagedLayersComeBack: after a power loss that truncated a layer's file, the image is whole again.
func TestDamagedLayersComeBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "image")
	s, err := Open(t.Context(), Settings{Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	img := loaded(t, s, "app", image(t, v1.Config{}, layer(t, file{name: "f", body: "whole"}), layer(t, file{name: "g", body: "too"})))
	root, err := s.Rootfs(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(root.Base, root.Layers[1], "f"), 0); err != nil {
		t.Fatal(err)
	}
	marker := `{"Boot":"another","Since":"2020-01-01T00:00:00Z"}`
	if err := os.WriteFile(filepath.Join(dir, "unsynced", "m"), []byte(marker), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, func(c *Settings) { c.Root = dir })
	img, err = s.Get(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, img, "f"); got != "whole" {
		t.Errorf("file is %q", got)
	}
	if again, err := s.Get(t.Context(), "app"); err != nil || again.Size == 0 || len(again.Names) != 1 {
		t.Errorf("image is %+v, %v", again, err)
	}
}
