package image

import (
	"archive/tar"
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// open opens a private image store, which the test's end closes.
func open(t *testing.T, change ...func(*Settings)) *Images {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("unpacking layers with their owners needs root")
	}
	c := Settings{Root: filepath.Join(t.TempDir(), "image"), Log: slog.New(slog.NewTextHandler(testWriter{t}, nil))}
	for _, f := range change {
		f(&c)
	}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// await looks again and again for what another process or goroutine brings about, and says when a minute has gone by without it.
func await(t *testing.T, what string, come func() bool) bool {
	t.Helper()
	for end := time.Now().Add(time.Minute); !come(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%s did not come", what)
			return false
		}
	}
	return true
}

// file is one entry of a layer.
type file struct {
	name, body, link string
	kind             byte // 0 is a file, or a folder if the name ends in /
	mode             int64
	uid, gid         int
	xattrs           map[string]string
	major, minor     int64
}

// layerTar is a layer's archive.
func layerTar(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{
			Name: f.name, Linkname: f.link, Typeflag: f.kind, Mode: f.mode, Uid: f.uid, Gid: f.gid, Size: int64(len(f.body)),
			ModTime: time.Unix(1e9, 0), Devmajor: f.major, Devminor: f.minor, Format: tar.FormatPAX,
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
			if f.name[len(f.name)-1] == '/' {
				h.Typeflag = tar.TypeDir
			}
		}
		for k, v := range f.xattrs {
			if h.PAXRecords == nil {
				h.PAXRecords = map[string]string{}
			}
			h.PAXRecords["SCHILY.xattr."+k] = v
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// layer is a layer of an image made with go-containerregistry, compressed with gzip.
func layer(t testing.TB, files ...file) v1.Layer {
	t.Helper()
	b := layerTar(t, files...)
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// image is an image of the layers.
func image(t testing.TB, config v1.Config, layers ...v1.Layer) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.Config, file.OS, file.Architecture = config, "linux", "amd64"
	img, err = mutate.ConfigFile(img, file)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// dockerArchive is what docker save of the images would be.
func dockerArchive(t testing.TB, images map[string]v1.Image) []byte {
	t.Helper()
	refs := map[ggcr.Tag]v1.Image{}
	for n, img := range images {
		tag, err := ggcr.NewTag(n)
		if err != nil {
			t.Fatal(err)
		}
		refs[tag] = img
	}
	var b bytes.Buffer
	if err := tarball.MultiWrite(refs, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// loaded loads one image under a name.
func loaded(t *testing.T, s *Images, ref string, img v1.Image) Image {
	t.Helper()
	if _, err := s.Load(t.Context(), bytes.NewReader(dockerArchive(t, map[string]v1.Image{ref: img})), LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// read returns a file of an image, looked for from the topmost layer down.
func read(t *testing.T, s *Images, img Image, name string) string {
	t.Helper()
	root, err := s.Rootfs(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range root.Layers {
		b, err := os.ReadFile(filepath.Join(root.Base, l, name))
		if err == nil {
			return string(b)
		}
	}
	t.Fatalf("%s is in no layer of %v", name, root)
	return ""
}

func owner(st os.FileInfo) uint32 { return st.Sys().(*syscall.Stat_t).Uid }
