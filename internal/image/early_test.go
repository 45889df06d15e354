package image

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"
)

// TestLayersAreUnpackedWhileTheArchiveComes holds an archive's last bytes back until a file of its layer is there, unpacked.
func TestLayersAreUnpackedWhileTheArchiveComes(t *testing.T) {
	s := open(t)
	large := make([]byte, 2*maxHeld)
	if _, err := rand.Read(large); err != nil {
		t.Fatal(err)
	}
	b := dockerArchive(t, map[string]v1.Image{"app:1": image(t, v1.Config{}, layer(t, file{name: "early", body: "there"}, file{name: "large", body: string(large)}))})
	end := len(b) - 2048
	r, w := io.Pipe()
	early := make(chan unix.Stat_t, 1)
	go func() {
		_, _ = w.Write(b[:end])
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			found, _ := filepath.Glob(filepath.Join(s.settings.Root, "snapshots/early/*/*/early"))
			if len(found) > 0 {
				var st unix.Stat_t
				_ = unix.Lstat(found[0], &st)
				early <- st
				_, err := w.Write(b[end:])
				w.CloseWithError(err)
				return
			}
		}
		w.CloseWithError(errors.New("nothing was unpacked"))
	}()
	list, err := s.Load(t.Context(), r, LoadOptions{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	img, err := s.Get(t.Context(), "app:1")
	if err != nil || read(t, s, img, "early") != "there" {
		t.Errorf("%+v, %v", img, err)
	}
	root, err := s.Rootfs(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(filepath.Join(root.Base, root.Layers[0], "early"), &st); err != nil || st.Ino != (<-early).Ino {
		t.Errorf("the layer was unpacked a second time (%v)", err)
	}
	if left, _ := os.ReadDir(filepath.Join(s.settings.Root, "snapshots/early")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestDeletionsInTheLowestLayerMeanNothing, also for a layer that was unpacked when its place was not known.
func TestDeletionsInTheLowestLayerMeanNothing(t *testing.T) {
	s := open(t)
	files := []file{{name: "d/", mode: 0o755}, {name: "d/.wh.gone"}, {name: "d/f", body: "x"}}
	got := loaded(t, s, "app:1", image(t, v1.Config{}, layer(t, files...), layer(t, file{name: "g", body: "y"}), layer(t, files...)))
	root, err := s.Rootfs(t.Context(), got)
	if err != nil || len(root.Layers) != 3 {
		t.Fatal(root, err)
	}
	for i, want := range map[int]error{0: nil, 2: unix.ENOENT} {
		var st unix.Stat_t
		if err := unix.Lstat(filepath.Join(root.Base, root.Layers[i], "d/gone"), &st); err != want {
			t.Errorf("layer %d: %v, want %v", i, err, want)
		}
	}
}
