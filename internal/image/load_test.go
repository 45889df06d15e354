package image

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/google/go-containerregistry/pkg/compression"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
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

func TestZstdLayersAndLayersThatComeTwice(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	b := layerTar(t, file{name: "z", body: "zstd"})
	z, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
		tarball.WithCompression(compression.ZStd), tarball.WithMediaType(types.OCILayerZStd))
	if err != nil {
		t.Fatal(err)
	}
	twice := layer(t, file{name: "t", body: "twice"})
	push(t, reg+"/z:1", mutate.MediaType(image(t, v1.Config{}, twice, z, twice), types.OCIManifestSchema1))
	img, err := s.Pull(t.Context(), reg+"/z:1", PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	root, err := s.Rootfs(t.Context(), img)
	if err != nil || len(root.Layers) != 3 || root.Layers[0] == root.Layers[2] || read(t, s, img, "z") != "zstd" || read(t, s, img, "t") != "twice" {
		t.Errorf("%v, %v", root, err)
	}
}

func TestOldDockerArchivesWithLinkedLayers(t *testing.T) {
	s := open(t)
	plain := layerTar(t, file{name: "f", body: "x"})
	config := asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(plain), digest.FromBytes(plain)}}})
	archive := layerTar(t,
		file{name: "aa/", mode: 0o755}, file{name: "aa/layer.tar", body: string(plain), mode: 0o644}, file{name: "bb/layer.tar", kind: '2', link: "../aa/layer.tar"},
		file{name: "c.json", body: string(config), mode: 0o644}, file{name: "repositories", body: "{}", mode: 0o644},
		file{name: "manifest.json", body: `[{"Config":"c.json","RepoTags":["old:1","other:2"],"Layers":["aa/layer.tar","bb/layer.tar"]}]`, mode: 0o644})
	list, err := s.Load(t.Context(), bytes.NewReader(archive), LoadOptions{})
	if err != nil || len(list) != 2 || list[0].Name != "old:1" || list[1].Name != "other:2" || list[0].ID != digest.FromBytes(config) {
		t.Errorf("%v, %v", list, err)
	}
}

func TestLayoutOfSeveralPlatforms(t *testing.T) {
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	put := func(b []byte) digest.Digest {
		files[blobPath(digest.FromBytes(b))] = b
		return digest.FromBytes(b)
	}
	var index ocispec.Index
	for _, arch := range []string{"arm64", "amd64", "s390x"} {
		config := asJSON(t, configBlob{OS: "linux", Architecture: arch, RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{}}})
		m := ocispec.Manifest{Config: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: put(config), Size: int64(len(config))}, Layers: []ocispec.Descriptor{}}
		m.SchemaVersion = 2
		b := asJSON(t, m)
		index.Manifests = append(index.Manifests, ocispec.Descriptor{
			MediaType: ocispec.MediaTypeImageManifest, Digest: put(b), Size: int64(len(b)), Platform: &ocispec.Platform{OS: "linux", Architecture: arch},
			Annotations: map[string]string{ocispec.AnnotationRefName: "host.test/multi:1"},
		})
	}
	files["index.json"] = asJSON(t, index)
	for platform, want := range map[string]string{"linux/arm64": "arm64", "linux/amd64": "amd64", "linux/s390x": "s390x"} {
		s := open(t)
		list, err := s.Load(t.Context(), bytes.NewReader(archiveOf(t, files)), LoadOptions{Platforms: []string{platform}})
		if err != nil || len(list) != 1 || list[0].Name != "host.test/multi:1" {
			t.Fatalf("%s: %v, %v", platform, list, err)
		}
		if img, err := s.Get(t.Context(), "host.test/multi:1"); err != nil || img.Architecture != want {
			t.Errorf("%s: %s, %v", platform, img.Architecture, err)
		}
	}
	s := open(t)
	if _, err := s.Load(t.Context(), bytes.NewReader(archiveOf(t, files)), LoadOptions{Platforms: []string{"linux/riscv64"}}); err == nil {
		t.Error("loaded a platform that is not there")
	}
}

// What load tells comes in the order in which it was saved.
func TestImagesOfALayoutComeInItsOrder(t *testing.T) {
	want, err := wantPlatform("")
	if err != nil {
		t.Fatal(err)
	}
	entry := func(name string) ocispec.Descriptor {
		d := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString(name), Size: 1}
		if name != "" {
			d.Annotations = map[string]string{images.AnnotationImageName: name}
		}
		return d
	}
	var got []string
	for _, d := range layoutEntries(ocispec.Index{Manifests: []ocispec.Descriptor{entry("z:1"), entry("a:1"), entry(""), entry("m:1"), entry("a:1"), entry("")}}, []wanted{want}) {
		got = append(got, layoutName(d))
	}
	if !slices.Equal(got, []string{"z:1", "a:1", "", "m:1", ""}) {
		t.Errorf("%q", got)
	}
}
