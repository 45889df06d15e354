package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// xzOf is what the program xz makes of something.
func xzOf(t *testing.T, plain []byte) []byte {
	t.Helper()
	cmd := exec.Command("xz", "-9", "-T1", "-c")
	cmd.Stdin = bytes.NewReader(plain)
	out, err := cmd.Output()
	if err != nil {
		t.Skip("no xz on this host: ", err)
	}
	return out
}

func TestXzIsLoadedAndImported(t *testing.T) {
	s := open(t)
	made := image(t, v1.Config{}, layer(t, file{name: "f", body: "saved"}))
	archive := xzOf(t, dockerArchive(t, map[string]v1.Image{"app:1": made}))
	rootfs := xzOf(t, layerTar(t, file{name: "f", body: "imported"}))
	t.Setenv("PATH", "") // no helper can be found
	if _, err := s.Load(t.Context(), bytes.NewReader(archive), LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	img, err := s.Get(t.Context(), "app:1")
	if err != nil || read(t, s, img, "f") != "saved" {
		t.Error(err)
	}
	img, err = s.Import(t.Context(), bytes.NewReader(rootfs), ImportOptions{})
	if err != nil || read(t, s, img, "f") != "imported" {
		t.Error(err)
	}
}

// TestLayerThatNoRegistryTakesIsKeptAsItIs: an archive may have layers in xz, for which images have no media type.
func TestLayerThatNoRegistryTakesIsKeptAsItIs(t *testing.T) {
	s := open(t)
	plain := layerTar(t, file{name: "f", body: "deep"})
	config, _ := json.Marshal(configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(plain)}}})
	manifest, _ := json.Marshal([]archived{{Config: "config.json", RepoTags: []string{"app:1"}, Layers: []string{"layer.tar"}}})
	if _, err := s.Load(t.Context(), bytes.NewReader(tarOf(t, map[string][]byte{
		"config.json": config, "layer.tar": xzOf(t, plain), "manifest.json": manifest,
	})), LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	img, err := s.Get(t.Context(), "app:1")
	if err != nil || read(t, s, img, "f") != "deep" {
		t.Fatal(err)
	}
	m, _, err := s.readManifest(s.store.Context(t.Context()), img.Target)
	if err != nil || m.Layers[0].MediaType != ocispec.MediaTypeImageLayer || m.Layers[0].Digest != img.DiffIDs[0] {
		t.Errorf("%v, %v", m.Layers, err)
	}
}

// tarOf is an archive of files.
func tarOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, body := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(body)), ModTime: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
