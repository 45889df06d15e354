package image

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"
)

func TestLoadedImageHasItsFilesAndConfiguration(t *testing.T) {
	s := open(t)
	made := image(t, v1.Config{Cmd: []string{"/bin/app"}, Env: []string{"A=b"}, Labels: map[string]string{"l": "v"}},
		layer(t, file{name: "etc/", mode: 0o755}, file{name: "etc/one", body: "lower"}),
		layer(t, file{name: "etc/two", body: "upper"}, file{name: "etc/.wh.one"}))
	got := loaded(t, s, "host.test/app:1", made)

	want, _ := made.ConfigName()
	if got.ID.String() != want.String() {
		t.Errorf("ID is %s, want the configuration's digest %s", got.ID, want)
	}
	if !slices.Equal(got.Names, []string{"host.test/app:1"}) || !slices.Equal(got.Config.Cmd, []string{"/bin/app"}) || got.Config.Labels["l"] != "v" {
		t.Errorf("got %+v", got)
	}
	if read(t, s, got, "etc/two") != "upper" {
		t.Error("file of the upper layer differs")
	}
	root, err := s.Rootfs(t.Context(), got)
	if err != nil {
		t.Fatal(err)
	}
	if len(root.Layers) != 2 {
		t.Fatalf("layers are %v, want two", root.Layers)
	}
	var st unix.Stat_t
	if err := unix.Lstat(filepath.Join(root.Base, root.Layers[0], "etc/one"), &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != 0 {
		t.Errorf("the deletion marker is no overlay whiteout: %v %+v", err, st)
	}
}

func TestLayersKeepOwnersModesAndCapabilities(t *testing.T) {
	s := open(t)
	capability := "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	got := loaded(t, s, "x", image(t, v1.Config{}, layer(t,
		file{name: "bin/", mode: 0o755, uid: 12, gid: 34},
		file{name: "bin/su", body: "x", mode: 0o4755, uid: 0, gid: 5},
		file{name: "bin/ping", body: "x", mode: 0o711, xattrs: map[string]string{"security.capability": capability, "user.mine": "yes"}},
		file{name: "tmp/", mode: 0o1777},
		file{name: "zero", kind: '3', mode: 0o666, major: 1, minor: 5},
	)))
	root, err := s.Rootfs(t.Context(), got)
	if err != nil || len(root.Layers) != 1 {
		t.Fatal(root, err)
	}
	dir := filepath.Join(root.Base, root.Layers[0])
	for name, want := range map[string]struct {
		mode     uint32
		uid, gid uint32
	}{
		"bin":    {unix.S_IFDIR | 0o755, 12, 34},
		"bin/su": {unix.S_IFREG | 0o4755, 0, 5},
		"tmp":    {unix.S_IFDIR | 0o1777, 0, 0},
		"zero":   {unix.S_IFCHR | 0o666, 0, 0},
	} {
		var st unix.Stat_t
		if err := unix.Lstat(filepath.Join(dir, name), &st); err != nil {
			t.Error(err)
		} else if st.Mode != want.mode || st.Uid != want.uid || st.Gid != want.gid {
			t.Errorf("%s: mode %o owner %d:%d, want %o %d:%d", name, st.Mode, st.Uid, st.Gid, want.mode, want.uid, want.gid)
		}
	}
	b := make([]byte, 64)
	n, err := unix.Lgetxattr(filepath.Join(dir, "bin/ping"), "security.capability", b)
	if err != nil || string(b[:n]) != capability {
		t.Errorf("security.capability is %q, %v", b[:max(n, 0)], err)
	}
}

func TestImagesAreThereAfterReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "image")
	s, err := Open(t.Context(), Settings{Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	before := loaded(t, s, "app", image(t, v1.Config{}, layer(t, file{name: "f", body: "x"})))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, func(c *Settings) { c.Root = dir })
	after, err := s.Get(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	if after.ID != before.ID || !slices.Equal(after.Names, before.Names) || after.Size != before.Size {
		t.Errorf("after reopening %+v, before %+v", after, before)
	}
	if read(t, s, after, "f") != "x" {
		t.Error("file differs")
	}
}

func TestFoldersAreClosedToOthers(t *testing.T) {
	s := open(t)
	loaded(t, s, "app", image(t, v1.Config{}, layer(t, file{name: "f", body: "x"})))
	for _, dir := range []string{".", "content", "snapshots", "snapshots/snapshots"} {
		st, err := os.Stat(filepath.Join(s.settings.Root, dir))
		if err != nil || st.Mode().Perm()&0o007 != 0 {
			t.Errorf("%s: %v, %v", dir, st.Mode(), err)
		}
	}
}

func TestImportMakesAnImageOfOneLayer(t *testing.T) {
	s := open(t)
	tar := layerTar(t, file{name: "bin/", mode: 0o755}, file{name: "bin/sh", body: "#!"})
	got, err := s.Import(t.Context(), bytes.NewReader(tar), ImportOptions{
		Ref: "mine/root:v1", Message: "from a tar", Changes: []string{"ENV A=1", `CMD ["/bin/sh"]`, "WORKDIR /srv"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Names, []string{"mine/root:v1"}) || !slices.Equal(got.Config.Cmd, []string{"/bin/sh"}) || got.Config.WorkingDir != "/srv" || got.Comment != "from a tar" {
		t.Errorf("got %+v", got)
	}
	if read(t, s, got, "bin/sh") != "#!" {
		t.Error("file differs")
	}
	again, err := s.Get(t.Context(), got.ShortID())
	if err != nil || again.ID != got.ID {
		t.Errorf("by short ID: %v, %v", again.ID, err)
	}
}
