package image

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// liar is a registry that serves what it is given under whatever digest, and longer than it says if it is to.
type liar struct {
	manifest []byte
	media    string
	blobs    map[digest.Digest][]byte
	endless  digest.Digest // this blob never ends
	ranges   bool          // it can go on in the middle of a blob
	asked    []string
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.asked = append(l.asked, r.URL.Path)
	what := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	body, media := l.blobs[digest.Digest(what)], "application/octet-stream"
	if strings.Contains(r.URL.Path, "/manifests/") && body == nil {
		body, media = l.manifest, l.media
		w.Header().Set("Docker-Content-Digest", digest.FromBytes(body).String())
	}
	if body == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", media)
	if digest.Digest(what) == l.endless {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}
	if l.ranges {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

func TestHostileRegistriesAreRefused(t *testing.T) {
	plain := layerTar(t, file{name: "f", body: "x"})
	diff := digest.FromBytes(plain)
	config := asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{diff}}})
	configDesc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromBytes(config), Size: int64(len(config))}
	layerDesc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: diff, Size: int64(len(plain))}
	manifest := func(change func(*ocispec.Manifest)) []byte {
		m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: configDesc, Layers: []ocispec.Descriptor{layerDesc}}
		m.SchemaVersion = 2
		if change != nil {
			change(&m)
		}
		return asJSON(t, m)
	}
	good := func() map[digest.Digest][]byte {
		return map[digest.Digest][]byte{configDesc.Digest: config, diff: plain}
	}
	self := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageIndex, Digest: digest.FromString("self"), Size: 10}
	many := ocispec.Index{Manifests: make([]ocispec.Descriptor, maxIndexEntries+1)}

	for name, c := range map[string]struct {
		registry *liar
		want     string
	}{
		"layer differs from its digest": {&liar{
			manifest: manifest(nil), blobs: map[digest.Digest][]byte{configDesc.Digest: config, diff: append([]byte("y"), plain[1:]...)},
		}, "unexpected commit digest"},
		"configuration differs": {&liar{
			manifest: manifest(nil), blobs: map[digest.Digest][]byte{configDesc.Digest: append([]byte(" "), config[1:]...), diff: plain},
		}, "unexpected commit digest"},
		"layer is longer than said": {&liar{
			manifest: manifest(nil), blobs: map[digest.Digest][]byte{configDesc.Digest: config, diff: append(plain[:len(plain):len(plain)], 0)},
		}, "past expected size"},
		"layer never ends":         {&liar{manifest: manifest(nil), blobs: good(), endless: diff}, "past expected size"},
		"layer is shorter":         {&liar{manifest: manifest(nil), blobs: map[digest.Digest][]byte{configDesc.Digest: config, diff: plain[:512]}}, fmt.Sprintf("it sent 512 bytes, and the image says that there are %d", len(plain))},
		"shorter, and can go on":   {&liar{manifest: manifest(nil), blobs: map[digest.Digest][]byte{configDesc.Digest: config, diff: plain[:512]}, ranges: true}, "it sent 512 bytes"},
		"layer is nothing":         {&liar{manifest: manifest(nil), blobs: map[digest.Digest][]byte{configDesc.Digest: config, diff: {}}}, "it sent 0 bytes"},
		"layer is missing":         {&liar{manifest: manifest(nil), blobs: map[digest.Digest][]byte{configDesc.Digest: config}}, "is missing there"},
		"configuration never ends": {&liar{manifest: manifest(nil), blobs: good(), endless: configDesc.Digest}, "past expected size"},
		"huge configuration":       {&liar{manifest: manifest(func(m *ocispec.Manifest) { m.Config.Size = 1 << 40 }), blobs: good()}, "is the most"},
		"huge manifest":            {&liar{manifest: append(manifest(nil), []byte(strings.Repeat(" ", 5<<20))...), blobs: good()}, ""},
		"negative size":            {&liar{manifest: manifest(func(m *ocispec.Manifest) { m.Layers[0].Size = -1 }), blobs: good()}, "negative"},
		"size of zero":             {&liar{manifest: manifest(func(m *ocispec.Manifest) { m.Layers[0].Size = 0 }), blobs: good()}, "size of zero"},
		"digest is a path":         {&liar{manifest: manifest(func(m *ocispec.Manifest) { m.Layers[0].Digest = "sha256:../../../etc/passwd" }), blobs: good()}, "invalid checksum digest"},
		"no digest":                {&liar{manifest: manifest(func(m *ocispec.Manifest) { m.Config.Digest = "" }), blobs: good()}, "invalid checksum digest"},
		"artifact":                 {&liar{manifest: manifest(func(m *ocispec.Manifest) { m.Config.MediaType = "application/vnd.x" }), blobs: good()}, "not a container image"},
		"web page":                 {&liar{manifest: []byte("<html>"), media: "text/html", blobs: good()}, "not a container image"},
		"schema 1":                 {&liar{manifest: []byte("{}"), media: "application/vnd.docker.distribution.manifest.v1+prettyjws"}, "schema 1"},
		"index of itself": {&liar{
			manifest: asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{self}}), media: ocispec.MediaTypeImageIndex,
			blobs: map[digest.Digest][]byte{self.Digest: asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{self}})},
		}, ""},
		"index without end": {&liar{manifest: asJSON(t, many), media: ocispec.MediaTypeImageIndex}, "1001 manifests"},
		"layer to be fetched elsewhere": {&liar{manifest: manifest(func(m *ocispec.Manifest) {
			m.Layers[0].MediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar"
			m.Layers[0].URLs = []string{"http://127.0.0.1:1/secret"}
		}), blobs: map[digest.Digest][]byte{configDesc.Digest: config}}, "may not be distributed"},
		"layer that is in its descriptor": {&liar{manifest: manifest(func(m *ocispec.Manifest) {
			m.Layers[0].Data = append([]byte("y"), plain[1:]...)
		}), blobs: map[digest.Digest][]byte{configDesc.Digest: config}}, "is missing there"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.registry.media == "" {
				c.registry.media = ocispec.MediaTypeImageManifest
			}
			server := httptest.NewServer(c.registry)
			defer server.Close()
			s := open(t)
			img, err := s.Pull(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/evil:1", PullOptions{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("pulled %+v, %v; want %q", img, err, c.want)
			}
			t.Logf("%v", err)
			dropKept(t, s)
			nothingLeft(t, s)
		})
	}
}

// TestSizesOfWhatIsHereAreChecked: a manifest says another size of a blob that the store has already, which is therefore not fetched.
func TestSizesOfWhatIsHereAreChecked(t *testing.T) {
	plain := layerTar(t, file{name: "f", body: "x"})
	diff, config, m := ofOneLayer(t, plain)
	reg := &liar{manifest: asJSON(t, m), media: ocispec.MediaTypeImageManifest, blobs: map[digest.Digest][]byte{m.Config.Digest: config, diff: plain}}
	server := httptest.NewServer(reg)
	defer server.Close()
	s := open(t)
	good, err := s.Pull(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/good:1", PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for what, d := range map[string]*ocispec.Descriptor{"configuration": &m.Config, "layer": &m.Layers[0]} {
		d.Size++
		reg.manifest = asJSON(t, m)
		d.Size--
		_, err := s.Pull(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/evil:1", PullOptions{})
		if err == nil || !strings.Contains(err.Error(), d.Digest.String()) || !strings.Contains(err.Error(), "what names it says") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if img, err := s.Get(t.Context(), good.ID.String()); err != nil || img.Target.Digest != good.Target.Digest || read(t, s, img, "f") != "x" {
		t.Errorf("the good image: %+v, %v", img, err)
	}
}

func TestLabelsOfAnImageAreOnlyData(t *testing.T) {
	s := open(t)
	plain := layerTar(t, file{name: "f", body: "x"})
	diff := digest.FromBytes(plain)
	config := asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{diff}}})
	configDesc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromBytes(config), Size: int64(len(config))}
	evil := map[string]string{
		"containerd.io/snapshot/uidmapping": "0:1000:65536", "containerd.io/snapshot/gidmapping": "0:1000:65536",
		"containerd.io/snapshot/overlay.upperdir": "/etc", "containerd.io/gc.root": "1", removedLabel: "1",
	}
	m := ocispec.Manifest{
		MediaType: ocispec.MediaTypeImageManifest, Config: configDesc, Annotations: evil,
		Layers: []ocispec.Descriptor{{MediaType: ocispec.MediaTypeImageLayer, Digest: diff, Size: int64(len(plain)), Annotations: evil}},
	}
	m.SchemaVersion = 2
	server := httptest.NewServer(&liar{manifest: asJSON(t, m), media: ocispec.MediaTypeImageManifest, blobs: map[digest.Digest][]byte{configDesc.Digest: config, diff: plain}})
	defer server.Close()
	img, err := s.Pull(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/evil:1", PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	root, err := s.Rootfs(t.Context(), img)
	if err != nil || img.Removed || read(t, s, img, "f") != "x" {
		t.Fatal(img, root, err)
	}
	if st, err := os.Stat(filepath.Join(root.Base, root.Layers[0])); err != nil || owner(st) != 0 {
		t.Errorf("the layer's folder: %v, %v", st, err)
	}
	if _, err := s.Remove(t.Context(), img.ID.String(), RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, s)
}

// TestBrokenTransfersGoOn: a registry that cuts the connection in the middle of a layer, once.
func TestBrokenTransfersGoOn(t *testing.T) {
	s := open(t)
	body := make([]byte, 3<<20)
	for i := range body {
		body[i] = byte(i * 7)
	}
	plain := layerTar(t, file{name: "f", body: string(body)})
	diff, config, m := ofOneLayer(t, plain)
	rest := &liar{manifest: asJSON(t, m), media: ocispec.MediaTypeImageManifest, blobs: map[digest.Digest][]byte{m.Config.Digest: config}}
	cut := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, diff.String()) {
			rest.ServeHTTP(w, r)
			return
		}
		if !cut {
			cut = true
			w.Header().Set("Content-Length", strconv.Itoa(len(plain)))
			w.Write(plain[:1<<20])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(plain))
	}))
	defer server.Close()
	img, err := s.Pull(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/flaky:1", PullOptions{})
	if err != nil || !cut || read(t, s, img, "f") != string(body) {
		t.Error(cut, err)
	}
}

// ofOneLayer gives the parts of an image whose one layer is not compressed.
func ofOneLayer(t *testing.T, plain []byte) (diff digest.Digest, config []byte, m ocispec.Manifest) {
	t.Helper()
	diff = digest.FromBytes(plain)
	config = asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{diff}}})
	m = ocispec.Manifest{
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromBytes(config), Size: int64(len(config))},
		Layers:    []ocispec.Descriptor{{MediaType: ocispec.MediaTypeImageLayer, Digest: diff, Size: int64(len(plain))}},
	}
	m.SchemaVersion = 2
	return diff, config, m
}
