package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// filesOf are the files of an archive, by name.
func filesOf(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// storedFiles are the names of the blobs and of the unpacked layers that a store has, also of those that wait to be collected.
func storedFiles(t *testing.T, s *Images) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"content/blobs/sha256/*", "content/ingest/*", "snapshots/snapshots/*", "snapshots/early/*"} {
		found, err := filepath.Glob(filepath.Join(s.settings.Root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return names
}

// TestAnArchiveIsJudgedByItself: that the store has what an archive lacks, or has damaged, does not make it whole. What is there is as before.
func TestAnArchiveIsJudgedByItself(t *testing.T) {
	s := open(t)
	img := loaded(t, s, "app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "lower"}), layer(t, file{name: "g", body: "upper"})))
	var saved bytes.Buffer
	if err := s.Save(t.Context(), &saved, SaveOptions{Refs: []string{"app:1"}}); err != nil {
		t.Fatal(err)
	}
	m, _, err := s.readManifest(s.store.Context(t.Context()), img.Target)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	layers, before := m.Layers, storedFiles(t, s)
	evil := compressed(t, bytes.NewReader(layerTar(t, file{name: "f", body: "evil"})))
	// relabelled has a manifest that names another layer, which is whole, in the place of the lower one.
	relabelled := func(files map[string][]byte) {
		changed := m
		changed.Layers = slices.Clone(layers)
		changed.Layers[0].Digest, changed.Layers[0].Size = digest.FromBytes(evil), int64(len(evil))
		blob := asJSON(t, changed)
		files[blobPath(changed.Layers[0].Digest)], files[blobPath(digest.FromBytes(blob))] = evil, blob
		files["index.json"] = asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{{MediaType: changed.MediaType, Digest: digest.FromBytes(blob), Size: int64(len(blob))}}})
	}
	// resized has a manifest that says another size of something.
	resized := func(what func(*ocispec.Manifest) *ocispec.Descriptor) func(map[string][]byte) {
		return func(files map[string][]byte) {
			changed := m
			changed.Layers = slices.Clone(layers)
			what(&changed).Size++
			blob := asJSON(t, changed)
			files[blobPath(digest.FromBytes(blob))] = blob
			files["index.json"] = asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{{MediaType: changed.MediaType, Digest: digest.FromBytes(blob), Size: int64(len(blob))}}})
		}
	}
	docker := func(files map[string][]byte) { delete(files, "index.json"); delete(files, "oci-layout") }
	for name, c := range map[string]struct {
		change func(files map[string][]byte)
		want   string // "" is an image
	}{
		"whole":                         {func(map[string][]byte) {}, ""},
		"whole, Docker's":               {docker, ""},
		"a layer is missing":            {func(f map[string][]byte) { delete(f, blobPath(layers[1].Digest)) }, `layer "` + layers[1].Digest.String() + `" is not in it`},
		"a layer, Docker's":             {func(f map[string][]byte) { docker(f); delete(f, blobPath(layers[1].Digest)) }, layers[1].Digest.Encoded() + `" is not in it`},
		"no configuration":              {func(f map[string][]byte) { delete(f, blobPath(img.ID)) }, `configuration "` + img.ID.String() + `" is not in it`},
		"no manifest":                   {func(f map[string][]byte) { delete(f, blobPath(img.Target.Digest)) }, `manifest "` + img.Target.Digest.String() + `" is not in it`},
		"a layer is damaged":            {func(f map[string][]byte) { f[blobPath(layers[0].Digest)][40] ^= 1 }, layers[0].Digest.String() + " as it says"},
		"a layer is cut":                {func(f map[string][]byte) { f[blobPath(layers[0].Digest)] = f[blobPath(layers[0].Digest)][:99] }, layers[0].Digest.String() + " as it says"},
		"a layer goes on":               {func(f map[string][]byte) { f[blobPath(layers[0].Digest)] = append(f[blobPath(layers[0].Digest)], 0) }, layers[0].Digest.String() + " as it says"},
		"a layer's size":                {resized(func(m *ocispec.Manifest) *ocispec.Descriptor { return &m.Layers[1] }), `layer "` + layers[1].Digest.String() + `" has`},
		"the size of the configuration": {resized(func(m *ocispec.Manifest) *ocispec.Descriptor { return &m.Config }), `configuration "` + img.ID.String() + `" has`},
		"the size of the manifest": {func(files map[string][]byte) {
			files["index.json"] = asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{{MediaType: m.MediaType, Digest: img.Target.Digest, Size: img.Target.Size + 1}}})
		}, `manifest "` + img.Target.Digest.String() + `" has`},
		"another layer": {relabelled, "wrong diff id"},
		"another, Docker's": {func(f map[string][]byte) {
			docker(f)
			f["evil.tar"] = evil
			f["manifest.json"] = asJSON(t, []archived{{Config: blobPath(img.ID), RepoTags: []string{"app:1"}, Layers: []string{"evil.tar", blobPath(layers[1].Digest)}}})
		}, "wrong diff id"},
	} {
		t.Run(name, func(t *testing.T) {
			files := filesOf(t, saved.Bytes())
			c.change(files)
			list, err := s.Load(t.Context(), bytes.NewReader(archiveOf(t, files)), LoadOptions{})
			if c.want == "" && (err != nil || len(list) != 1 || list[0].ID != img.ID) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, %v; want %q", list, err, c.want)
			}
			if c.want == "" {
				return
			}
			if after := storedFiles(t, s); !slices.Equal(before, after) {
				t.Errorf("the store has %v\nbefore %v", after, before)
			}
			var again bytes.Buffer
			if err := s.Save(t.Context(), &again, SaveOptions{Refs: []string{"app:1"}}); err != nil || !bytes.Equal(again.Bytes(), saved.Bytes()) {
				t.Errorf("the image is saved with other bytes than before, %v", err)
			}
		})
	}
}

// TestPlatformThatIsNotWholeIsNotInTheArchive, also if the store has it; asked for by name, what it lacks is told.
func TestPlatformThatIsNotWholeIsNotInTheArchive(t *testing.T) {
	s := open(t)
	archive, _ := plainLayout(t, "host.test/multi:1", "amd64", "s390x")
	load := func(b []byte, platforms ...string) ([]Loaded, error) {
		return s.Load(t.Context(), bytes.NewReader(b), LoadOptions{Platforms: platforms})
	}
	if _, err := load(archive); err != nil {
		t.Fatal(err)
	}
	img, err := s.GetFor(t.Context(), "host.test/multi:1", "linux/s390x")
	if err != nil {
		t.Fatal(err)
	}
	files := filesOf(t, archive)
	part, lacking := maps.Clone(files), img.Blobs[len(img.Blobs)-1].Digest
	delete(part, blobPath(lacking))
	for _, there := range []bool{true, false} { // in the store
		if list, err := load(archiveOf(t, part), "linux/s390x"); err == nil || !strings.Contains(err.Error(), lacking.String()+`" is not in it`) {
			t.Errorf("in the store %t: %v, %v", there, list, err)
		}
		if list, err := load(archiveOf(t, part)); err != nil || len(list) != 1 {
			t.Errorf("in the store %t: %v, %v", there, list, err)
		}
		if got := here(t, s, "host.test/multi:1"); slices.Contains(got, "s390x") != there {
			t.Errorf("in the store %t: %v", there, got)
		}
		if _, err := s.Remove(t.Context(), "host.test/multi:1", RemoveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	delete(part, blobPath(img.Blobs[0].Digest)) // its manifest: as docker save leaves out what it does not have
	if list, err := load(archiveOf(t, part), "linux/s390x"); err == nil || !strings.Contains(err.Error(), "no matching manifest for linux/s390x") {
		t.Error(list, err)
	}
}

// TestWhatWasLoadedBeforeAFaultStays: of several images those that were complete are kept, and nothing of the one at fault.
func TestWhatWasLoadedBeforeAFaultStays(t *testing.T) {
	s := open(t)
	one, two := layerTar(t, file{name: "f", body: "1"}), layerTar(t, file{name: "f", body: "2"})
	config := func(diff []byte) string {
		return string(asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(diff)}}}))
	}
	list, err := s.Load(t.Context(), bytes.NewReader(layerTar(t,
		file{name: "1.json", body: config(one)}, file{name: "2.json", body: config(one[1:])},
		file{name: "1.tar", body: string(one)}, file{name: "2.tar", body: string(two)},
		file{name: "manifest.json", body: `[{"Config":"1.json","RepoTags":["good:1"],"Layers":["1.tar"]},{"Config":"2.json","RepoTags":["bad:1"],"Layers":["2.tar"]}]`},
	)), LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "wrong diff id") || len(list) != 1 || list[0].Name != "good:1" {
		t.Errorf("%v, %v", list, err)
	}
	img, err := s.Get(t.Context(), "good:1")
	if err != nil || read(t, s, img, "f") != "1" {
		t.Errorf("%+v, %v", img, err)
	}
	if all, err := s.List(t.Context(), ListOptions{}); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	left := storedFiles(t, s) // of the good one: configuration, layer, manifest, and the folder
	if len(left) != 4 {
		t.Errorf("at once there is %v", left)
	}
	if err := s.store.CollectNow(t.Context()); err != nil || !slices.Equal(left, storedFiles(t, s)) {
		t.Errorf("%v is not what stays (%v)", left, err)
	}
}
