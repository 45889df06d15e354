package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

// TestHostileLayersStayInTheirFolder unpacks layers that try to write, link, delete and chmod outside of their folder, and looks at
// what they would have hit.
func TestHostileLayersStayInTheirFolder(t *testing.T) {
	outside := t.TempDir()
	victim := filepath.Join(outside, "victim")
	up := strings.Repeat("../", 20)
	for name, files := range map[string][]file{
		"absolute name":                 {{name: victim, body: "pwned"}},
		"dot dot":                       {{name: up + victim[1:], body: "pwned"}},
		"symlink, then a file below it": {{name: "d", kind: tar.TypeSymlink, link: outside}, {name: "d/victim", body: "pwned"}},
		"relative symlink out":          {{name: "d", kind: tar.TypeSymlink, link: up + outside[1:]}, {name: "d/victim", body: "pwned"}},
		"chain of symlinks":             {{name: "a", kind: tar.TypeSymlink, link: "/"}, {name: "b", kind: tar.TypeSymlink, link: "a" + outside}, {name: "b/victim", body: "pwned"}},
		"symlink over its own target":   {{name: "victim", kind: tar.TypeSymlink, link: victim}, {name: "victim", body: "pwned"}},
		"hard link out":                 {{name: "l", kind: tar.TypeLink, link: victim}, {name: "l", body: "pwned"}},
		"hard link out by dots":         {{name: "l", kind: tar.TypeLink, link: up + victim[1:]}, {name: "l", body: "pwned"}},
		"hard link through a symlink":   {{name: "d", kind: tar.TypeSymlink, link: outside}, {name: "l", kind: tar.TypeLink, link: "d/victim"}, {name: "l", body: "pwned"}},
		"chmod through a symlink":       {{name: "d", kind: tar.TypeSymlink, link: victim}, {name: "d", kind: tar.TypeDir, mode: 0o777}},
		"deletion through a symlink":    {{name: "d", kind: tar.TypeSymlink, link: outside}, {name: "d/.wh.victim"}},
		"deletion of dot dot":           {{name: "d/"}, {name: "d/.wh..."}},
		"deletion of dot":               {{name: "d/"}, {name: "d/.wh.."}},
		"deletion of nothing":           {{name: "d/"}, {name: "d/.wh."}},
		"opaque through a symlink":      {{name: "d", kind: tar.TypeSymlink, link: outside}, {name: "d/.wh..wh..opq"}},
		"trusted attribute":             {{name: "d/", xattrs: map[string]string{"trusted.overlay.redirect": "/"}}},
	} {
		for _, position := range []string{"lowest", "upper", "unpacked early"} {
			t.Run(name+", "+position, func(t *testing.T) {
				if err := os.WriteFile(victim, []byte("mine"), 0o640); err != nil {
					t.Fatal(err)
				}
				s := open(t)
				layers := []v1.Layer{layer(t, files...)}
				if position == "unpacked early" { // as large layers are
					layers = []v1.Layer{layer(t, append(files[:len(files):len(files)], file{name: "large", body: random("large", 2*maxHeld)})...)}
				}
				if position == "upper" {
					layers = []v1.Layer{layer(t, file{name: "base", body: "b"}), layers[0]}
				}
				b := dockerArchive(t, map[string]v1.Image{"evil": image(t, v1.Config{}, layers...)})
				_, err := s.Load(t.Context(), bytes.NewReader(b), LoadOptions{}) // it may fail, it may not
				t.Logf("load: %v", err)

				if b, err := os.ReadFile(victim); err != nil || string(b) != "mine" {
					t.Errorf("the file outside is %q, %v", b, err)
				}
				if st, err := os.Stat(victim); err == nil && st.Mode() != 0o640 {
					t.Errorf("the file outside has mode %v", st.Mode())
				}
				var st unix.Stat_t
				if unix.Lstat(victim, &st) == nil && st.Nlink != 1 {
					t.Error("the file outside has a second link")
				}
				if entries, _ := os.ReadDir(outside); len(entries) != 1 {
					t.Errorf("the folder outside has %v", entries)
				}
				if n, _ := unix.Lgetxattr(outside, "trusted.overlay.opaque", nil); n > 0 {
					t.Error("the folder outside is marked opaque")
				}
			})
		}
	}
}

// archiveOf is a tar of files with the given contents.
func archiveOf(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var list []file
	for n, b := range files {
		list = append(list, file{name: n, body: string(b), mode: 0o644})
	}
	return layerTar(t, list...)
}

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestHostileArchivesAreRefused: nothing of an archive that is refused is kept.
func TestHostileArchivesAreRefused(t *testing.T) {
	plain := layerTar(t, file{name: "f", body: "x"})
	diff := digest.FromBytes(plain)
	config := asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{diff}}})
	archive := func(config []byte, layers ...string) []byte {
		return archiveOf(t, map[string][]byte{
			"c.json": config, "l.tar": plain,
			"manifest.json": asJSON(t, []archived{{Config: "c.json", RepoTags: []string{"evil:1"}, Layers: layers}}),
		})
	}
	layout := func(manifest any, media string, blobs map[digest.Digest][]byte) []byte {
		m := asJSON(t, manifest)
		files := map[string][]byte{
			"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`),
			"index.json": asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{{MediaType: media, Digest: digest.FromBytes(m), Size: int64(len(m))}}}),
		}
		files[blobPath(digest.FromBytes(m))] = m
		for d, b := range blobs {
			files[blobPath(d)] = b
		}
		return archiveOf(t, files)
	}
	loop := layerTar(t, file{name: "a", kind: tar.TypeSymlink, link: "b"}, file{name: "b", kind: tar.TypeSymlink, link: "a"},
		file{name: "manifest.json", body: `[{"Config":"a","Layers":[]}]`, mode: 0o644})

	for name, c := range map[string]struct {
		archive []byte
		want    string
	}{
		"no tar":                       {bytes.Repeat([]byte("no tar archive "), 100), "not a tar archive"},
		"a line of text":               {[]byte("nonsense\n"), "not a tar archive"},
		"a line of text, compressed":   {compressed(t, strings.NewReader("nonsense\n")), "not a tar archive"},
		"nothing":                      {nil, "it is empty"},
		"an archive of nothing":        {make([]byte, 2*tarBlock), "it is empty"},
		"no manifest":                  {archiveOf(t, map[string][]byte{"f": []byte("x")}), "neither manifest.json nor index.json"},
		"old format":                   {archiveOf(t, map[string][]byte{"repositories": []byte("{}")}), "Docker before 1.10"},
		"manifest is no JSON":          {archiveOf(t, map[string][]byte{"manifest.json": []byte("[")}), "manifest.json"},
		"huge manifest":                {archiveOf(t, map[string][]byte{"manifest.json": bytes.Repeat([]byte(" "), maxManifest+1)}), "is the most"},
		"config is missing":            {archiveOf(t, map[string][]byte{"manifest.json": []byte(`[{"Config":"no"}]`)}), `configuration "no" is not in it`},
		"layer is missing":             {archive(config, "no.tar"), `layer "no.tar" is not in it`},
		"links in a circle":            {loop, `configuration "a" is not in it`},
		"config is no JSON":            {archive([]byte("x"), "l.tar"), "image configuration"},
		"huge config":                  {archive(bytes.Repeat([]byte(" "), maxConfig+1), "l.tar"), "is the most"},
		"more layers than said":        {archive(config, "l.tar", "l.tar"), "names 2 layers and its configuration 1"},
		"diff ID is no digest":         {archive([]byte(`{"rootfs":{"diff_ids":["../../x"]}}`), "l.tar"), "invalid checksum digest format"},
		"wrong diff ID":                {archive(bytes.Replace(config, []byte(diff.Encoded()), []byte(strings.Repeat("0", 64)), 1), "l.tar"), "wrong diff id"},
		"file system is not of layers": {archive([]byte(`{"rootfs":{"type":"foreign"}}`)), `of type "foreign"`},
		"bad name": {archiveOf(t, map[string][]byte{
			"c.json": config, "l.tar": plain,
			"manifest.json": asJSON(t, []archived{{Config: "c.json", RepoTags: []string{"../../etc:1"}, Layers: []string{"l.tar"}}}),
		}), "invalid reference format"},
		"blob differs from its name": {archiveOf(t, map[string][]byte{
			"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": []byte(`{}`), blobPath(diff): []byte("other"),
		}), "is damaged"},
		"other layout version": {archiveOf(t, map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"9"}`)}), "of version \"9\""},
		"manifest that is an index too": {layout(map[string]any{
			"schemaVersion": 2, "config": ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromBytes(config), Size: int64(len(config))},
			"manifests": []ocispec.Descriptor{{Digest: diff}},
		}, ocispec.MediaTypeImageManifest, map[digest.Digest][]byte{digest.FromBytes(config): config}), "a manifest and a manifest list at a time"},
		"index said to be a manifest": {layout(map[string]any{"schemaVersion": 2, "manifests": []ocispec.Descriptor{{Digest: diff}}},
			ocispec.MediaTypeImageManifest, nil), "a manifest and a manifest list at a time"},
		"schema 1":               {layout(map[string]any{"schemaVersion": 1, "fsLayers": []any{}}, ocispec.MediaTypeImageManifest, nil), "schema 1"},
		"no image":               {layout(ocispec.Manifest{Config: ocispec.Descriptor{MediaType: "application/x"}}, ocispec.MediaTypeImageManifest, nil), "not a container image"},
		"entry without a digest": {layout(ocispec.Index{Manifests: []ocispec.Descriptor{{MediaType: ocispec.MediaTypeImageManifest}}}, ocispec.MediaTypeImageIndex, nil), "invalid checksum digest"},
		"entry of a negative size": {layout(ocispec.Index{Manifests: []ocispec.Descriptor{{MediaType: ocispec.MediaTypeImageManifest, Digest: diff, Size: -1}}},
			ocispec.MediaTypeImageIndex, nil), "has -1 bytes"},
		"odd layer": {layout(ocispec.Manifest{
			Config: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: diff}, Layers: []ocispec.Descriptor{{MediaType: "text/html", Digest: diff}},
		}, ocispec.MediaTypeImageManifest, nil), `of type "text/html"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			list, err := s.Load(t.Context(), bytes.NewReader(c.archive), LoadOptions{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("loaded %v, %v; want %q", list, err, c.want)
			}
			nothingThere(t, s)
		})
	}
}

// nothingLeft checks that the store holds nothing at all once it is collected.
func nothingLeft(t *testing.T, s *Images) {
	t.Helper()
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	nothingThere(t, s)
}

// nothingThere checks that the store holds nothing at all, also nothing that waits to be collected.
func nothingThere(t *testing.T, s *Images) {
	t.Helper()
	for _, dir := range []string{"content/blobs/sha256", "content/ingest", "snapshots/snapshots", "snapshots/early"} {
		entries, err := os.ReadDir(filepath.Join(s.settings.Root, dir))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if len(entries) > 0 {
			t.Errorf("%s still has %v", dir, entries)
		}
	}
	if list, err := s.List(t.Context(), ListOptions{}); err != nil || len(list) > 0 {
		t.Errorf("images: %v, %v", list, err)
	}
}

func TestIndexThatNestsTooDeepIsRefused(t *testing.T) {
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	inner := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("x"), Size: 1}
	for range 10 {
		b := asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{inner}})
		inner = ocispec.Descriptor{MediaType: ocispec.MediaTypeImageIndex, Digest: digest.FromBytes(b), Size: int64(len(b))}
		files[blobPath(inner.Digest)] = b
		files["index.json"] = b
	}
	s := open(t)
	_, err := s.Load(t.Context(), bytes.NewReader(archiveOf(t, files)), LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "nested more than") {
		t.Error(err)
	}
	nothingLeft(t, s)
}

// TestCutArchivesLeaveNothing cuts an archive at many places.
func TestCutArchivesLeaveNothing(t *testing.T) {
	var whole bytes.Buffer
	z := gzip.NewWriter(&whole)
	z.Write(dockerArchive(t, map[string]v1.Image{"app:1": image(t, v1.Config{}, layer(t, file{name: "f", body: strings.Repeat("x", 5000)}))}))
	z.Close()
	s := open(t)
	for n := 0; n < whole.Len(); n += 1 + whole.Len()/12 {
		if _, err := s.Load(t.Context(), bytes.NewReader(whole.Bytes()[:n]), LoadOptions{}); err == nil {
			t.Errorf("the first %d bytes of %d were loaded", n, whole.Len())
		}
	}
	nothingLeft(t, s)
	if _, err := s.Load(t.Context(), &whole, LoadOptions{}); err != nil {
		t.Error(err)
	}
}

func TestImportRefusesWhatIsNoArchive(t *testing.T) {
	s := open(t)
	for want, in := range map[string][]byte{
		"is empty":            nil,
		"not a tar archive":   bytes.Repeat([]byte("text "), 1000),
		"xz: data is corrupt": append([]byte{0xfd, '7', 'z', 'X', 'Z', 0}, make([]byte, 100)...),
		"gzip":                {0x1f, 0x8b, 8, 0xff, 1, 2, 3},
		"unexpected EOF":      layerTar(t, file{name: "f", body: strings.Repeat("x", 2000)})[:1000],
	} {
		if _, err := s.Import(t.Context(), bytes.NewReader(in), ImportOptions{Ref: "x"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("import: %v, want %q", err, want)
		}
	}
	nothingLeft(t, s)
}
