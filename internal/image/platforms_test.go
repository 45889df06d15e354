package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// multi is an index of images for the architectures, in whose file "arch" that is, each with an attestation as BuildKit writes it.
func multi(t *testing.T, archs ...string) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range archs {
		img := forArch(t, arch)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
		d, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		statement := mutate.Addendum{
			Layer:       static.NewLayer([]byte(`{"subject":"`+arch+`"}`), "application/vnd.in-toto+json"),
			MediaType:   "application/vnd.in-toto+json",
			Annotations: map[string]string{predicateKey: "https://spdx.dev/Document"},
		}
		attested, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), statement)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: attested, Descriptor: v1.Descriptor{
			Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
			Annotations: map[string]string{attestationKey: attestationType, attestedDigest: d.String()},
		}})
	}
	return index
}

// forArch is an image in OCI's format for an architecture.
func forArch(t *testing.T, arch string) v1.Image {
	t.Helper()
	b := layerTar(t, file{name: "arch", body: arch}, file{name: "big", body: strings.Repeat(arch, 10_000)})
	files, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), files)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

// pulled pulls a name for some platforms.
func pulled(t *testing.T, s *Images, ref string, archs ...string) Image {
	t.Helper()
	var img Image
	for _, arch := range archs {
		var err error
		if img, err = s.Pull(t.Context(), ref, PullOptions{Platform: "linux/" + arch}); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

// here are the architectures of a name's platforms that are here, and "attested" for each attestation.
func here(t *testing.T, s *Images, ref string) []string {
	t.Helper()
	img, err := s.Get(t.Context(), ref)
	if err != nil || img.Platforms == nil {
		t.Fatalf("%s: %+v, %v", ref, img, err)
	}
	var list []string
	for _, m := range img.Platforms.Manifests {
		switch {
		case m.Image != "":
			list = append(list, m.Descriptor.Platform.Architecture)
		case m.Here():
			list = append(list, "attested")
		}
	}
	return list
}

func TestPlatformsOfANameAddUp(t *testing.T) {
	root, reg := t.TempDir()+"/image", serveRegistry(t, "")
	s, err := Open(t.Context(), Settings{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	hash := push(t, reg+"/multi:1", multi(t, "arm64", "amd64", "s390x"))
	pulled(t, s, reg+"/multi:1", "arm64")
	if got := here(t, s, reg+"/multi:1"); !slices.Equal(got, []string{"arm64", "attested"}) {
		t.Errorf("after the first: %v", got)
	}
	if img, err := s.Get(t.Context(), reg+"/multi:1"); err != nil || img.Architecture != "arm64" {
		t.Errorf("the name means %s, %v", img.Architecture, err)
	}
	var said []string
	got, err := s.Pull(t.Context(), reg+"/multi:1", PullOptions{Platform: "linux/amd64", Progress: func(e Event) { said = append(said, e.Status) }})
	if err != nil || got.Architecture != "amd64" || !strings.HasPrefix(said[len(said)-1], "Status: Downloaded newer image") {
		t.Fatalf("%s, %v, said %q", got.Architecture, err, said)
	}
	checkBoth(t, s, reg+"/multi:1", hash.String())
	if err := errors.Join(s.store.CollectNow(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	checkBoth(t, open(t, func(c *Settings) { c.Root = root }), reg+"/multi:1", hash.String())
}

// checkBoth checks that arm64 and amd64 are here of a name, and what the name means.
func checkBoth(t *testing.T, s *Images, ref, root string) {
	t.Helper()
	if got := here(t, s, ref); !slices.Equal(got, []string{"arm64", "attested", "amd64", "attested"}) {
		t.Errorf("after the second: %v", got)
	}
	for arch, want := range map[string]string{"": "amd64", "arm64": "arm64", "amd64": "amd64"} {
		platform := arch
		if arch != "" {
			platform = "linux/" + arch
		}
		img, err := s.GetFor(t.Context(), ref, platform)
		if err != nil || img.Architecture != want || read(t, s, img, "arch") != want || !slices.Equal(img.Names, []string{ref}) ||
			img.Root().Digest.String() != root || img.Dangling() {
			t.Errorf("for %q: %+v, %v", platform, img, err)
		}
	}
	if _, err := s.GetFor(t.Context(), ref, "linux/s390x"); !errdefs.IsNotFound(err) {
		t.Errorf("a platform that is not here: %v", err)
	}
	if list, err := s.List(t.Context(), ListOptions{}); err != nil || len(list) != 1 || list[0].Architecture != "amd64" {
		t.Errorf("listed %+v, %v", list, err)
	}
	statements, err := s.Attestations(t.Context(), ref, "linux/arm64", nil, true)
	if err != nil || len(statements) != 1 || string(statements[0].Body) != `{"subject":"arm64"}` {
		t.Errorf("attested: %+v, %v", statements, err)
	}
}

func TestSecondPullOfAPlatformWritesNothing(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	push(t, reg+"/multi:1", multi(t, "arm64", "amd64"))
	pulled(t, s, reg+"/multi:1", "arm64", "amd64")
	before := s.index.Load()
	for _, arch := range []string{"arm64", "amd64"} {
		var said []string
		if _, err := s.Pull(t.Context(), reg+"/multi:1", PullOptions{Platform: "linux/" + arch, Progress: func(e Event) { said = append(said, e.Status) }}); err != nil {
			t.Fatal(err)
		}
		if len(said) != 3 || !strings.HasPrefix(said[2], "Status: Image is up to date") {
			t.Errorf("%s: said %q", arch, said)
		}
	}
	if s.index.Load() != before {
		t.Error("something was recorded")
	}
}

func TestTagIsOfAllPlatforms(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	push(t, reg+"/multi:1", multi(t, "arm64", "amd64"))
	pulled(t, s, reg+"/multi:1", "arm64", "amd64")
	if err := s.Tag(t.Context(), reg+"/multi:1", "mine:1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(t.Context(), reg+"/multi:1", RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := here(t, s, "mine:1"); !slices.Equal(got, []string{"arm64", "attested", "amd64", "attested"}) {
		t.Error(got)
	}
}

func TestRemoveTakesAllPlatforms(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	push(t, reg+"/multi:1", multi(t, "arm64", "amd64"))
	arm := pulled(t, s, reg+"/multi:1", "arm64")
	amd := pulled(t, s, reg+"/multi:1", "amd64")
	inUse := func(id digest.Digest) []User {
		if id == arm.ID {
			return []User{{Container: "0123456789abcdef"}}
		}
		return nil
	}
	if _, err := s.Remove(t.Context(), reg+"/multi:1", RemoveOptions{InUse: inUse}); !errdefs.IsConflict(err) {
		t.Errorf("although a container uses one: %v", err)
	}
	list, err := s.Remove(t.Context(), reg+"/multi:1", RemoveOptions{})
	if err != nil || !deleted(list, arm.ID) || !deleted(list, amd.ID) {
		t.Errorf("removed %v, %v", list, err)
	}
	nothingLeft(t, s)
}

func TestOnePlatformIsRemoved(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	push(t, reg+"/multi:1", multi(t, "arm64", "amd64"))
	arm := pulled(t, s, reg+"/multi:1", "arm64", "amd64", "arm64")
	ref := reg + "/multi:1"
	if _, err := s.Remove(t.Context(), ref, RemoveOptions{Platforms: []string{"linux/arm64"}}); !errdefs.IsInvalidArgument(err) {
		t.Errorf("without force: %v", err)
	}
	running := func(digest.Digest) []User { return []User{{Container: "0123456789abcdef", Running: true}} }
	if _, err := s.Remove(t.Context(), ref, RemoveOptions{Platforms: []string{"linux/arm64"}, Force: true, InUse: running}); !errdefs.IsConflict(err) {
		t.Errorf("while it runs: %v", err)
	}
	before, _ := s.Usage(t.Context())
	list, err := s.Remove(t.Context(), ref, RemoveOptions{Platforms: []string{"linux/arm64"}, Force: true})
	if err != nil || !deleted(list, arm.ID) || len(untagged(list)) > 0 {
		t.Fatalf("%v, %v", list, err)
	}
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := s.Usage(t.Context())
	if after.Layers >= before.Layers || after.Blobs >= before.Blobs {
		t.Errorf("it took %+v, and takes %+v", before, after)
	}
	if got := here(t, s, ref); !slices.Equal(got, []string{"amd64", "attested"}) && !slices.Equal(got, []string{"attested", "amd64", "attested"}) {
		t.Errorf("left: %v", got)
	}
	pulled(t, s, ref, "arm64") // it comes back
	if got := here(t, s, ref); !slices.Equal(got, []string{"arm64", "attested", "amd64", "attested"}) {
		t.Errorf("back: %v", got)
	}
	if _, err := s.Remove(t.Context(), ref, RemoveOptions{Platforms: []string{"linux/arm64", "linux/amd64"}, Force: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), ref); !errdefs.IsNotFound(err) {
		t.Errorf("the name is left: %v", err)
	}
	nothingLeft(t, s)
}

func TestForcedRemovalLeavesThePlatformThatRuns(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	push(t, reg+"/multi:1", multi(t, "arm64", "amd64"))
	arm := pulled(t, s, reg+"/multi:1", "arm64")
	amd := pulled(t, s, reg+"/multi:1", "amd64")
	running := func(id digest.Digest) []User {
		if id == arm.ID {
			return []User{{Container: "0123456789abcdef", Running: true}}
		}
		return nil
	}
	list, err := s.Remove(t.Context(), reg+"/multi:1", RemoveOptions{Force: true, InUse: running})
	if err != nil || deleted(list, arm.ID) || !deleted(list, amd.ID) {
		t.Errorf("%v, %v", list, err)
	}
	if img, err := s.Get(t.Context(), arm.ID.String()); err != nil || !img.Dangling() || read(t, s, img, "arch") != "arm64" {
		t.Errorf("%+v, %v", img, err)
	}
}

func TestAttestationsAreParsedWithinBounds(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"schemaVersion":2,"config":{"digest":"` + digest.FromString("c").String() + `","size":2},"layers":[]}`:                  true,
		`{"schemaVersion":2,"config":{"digest":"sha256:0","size":2},"layers":[]}`:                                                 false,
		`{"schemaVersion":2,"config":{"digest":"` + digest.FromString("c").String() + `","size":-1},"layers":[]}`:                 false,
		`{"schemaVersion":2,"config":{"digest":"` + digest.FromString("c").String() + `","size":99999999999},"layers":[]}`:        false,
		`{"schemaVersion":2,"config":{"digest":"` + digest.FromString("c").String() + `","size":2},"layers":[],"manifests":[{}]}`: false,
		`{"schemaVersion":2,"config":{"digest":"` + digest.FromString("c").String() + `","size":2},"layers":[{"digest":"x"}]}`:    false,
	} {
		if !json.Valid([]byte(body)) {
			t.Fatal(body)
		}
		if _, err := parseAttestation([]byte(body)); (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestAttestationsOfAnImageAreBounded: what is attested of one image has a limit together, whatever number of attestations it is in, and one that an index
// names again is no other.
func TestAttestationsOfAnImageAreBounded(t *testing.T) {
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	put := func(mediaType string, b []byte) ocispec.Descriptor {
		d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(b), Size: int64(len(b))}
		files[blobPath(d.Digest)] = b
		return d
	}
	content := put(ocispec.MediaTypeImageLayer, layerTar(t, file{name: "f", body: "x"}))
	config := put(ocispec.MediaTypeImageConfig, asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{content.Digest}}}))
	m := ocispec.Manifest{Config: config, Layers: []ocispec.Descriptor{content}}
	m.SchemaVersion = 2
	target := put(ocispec.MediaTypeImageManifest, asJSON(t, m))
	target.Platform = &ocispec.Platform{OS: "linux", Architecture: "amd64"}
	attested := func(n int) ocispec.Descriptor {
		statement := put(statementType, bytes.Repeat([]byte{byte(n)}, maxAttested/5*2)) // two of them fit
		statement.Annotations = map[string]string{predicateKey: "https://spdx.dev/Document"}
		a := ocispec.Manifest{Config: put(ocispec.MediaTypeEmptyJSON, []byte("{}")), Layers: []ocispec.Descriptor{statement}}
		a.SchemaVersion = 2
		d := put(ocispec.MediaTypeImageManifest, asJSON(t, a))
		d.Annotations = map[string]string{attestationKey: attestationType, attestedDigest: target.Digest.String()}
		return d
	}
	one, two, three := attested(1), attested(2), attested(3)
	index := ocispec.Index{Manifests: []ocispec.Descriptor{target, one, one, one, two, three, one}}
	index.SchemaVersion = 2
	root := put(ocispec.MediaTypeImageIndex, asJSON(t, index))
	named := root
	named.Annotations = map[string]string{ocispec.AnnotationRefName: "docker.io/library/app:1"}
	files["index.json"] = asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{named}})

	check := func(s *Images, ref string) {
		list, err := s.Attestations(t.Context(), ref, "", nil, true)
		if err != nil || len(list) != 2 || list[0].Body[0] != 1 || list[1].Body[0] != 2 {
			t.Errorf("%s: %d attestations, %v", ref, len(list), err)
		}
		if _, err := s.Remove(t.Context(), ref, RemoveOptions{}); err != nil {
			t.Error(err)
		}
		nothingLeft(t, s)
	}
	s := open(t)
	if _, err := s.Load(t.Context(), bytes.NewReader(archiveOf(t, files)), LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	check(s, "app:1")

	blobs := map[digest.Digest][]byte{}
	for _, b := range files {
		blobs[digest.FromBytes(b)] = b
	}
	reg := &liar{manifest: blobs[root.Digest], media: root.MediaType, blobs: blobs}
	server := httptest.NewServer(reg)
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/app:1"
	pulled(t, s, ref, "amd64")
	if slices.ContainsFunc(reg.asked, func(path string) bool {
		return strings.HasSuffix(path, digest.FromBytes(bytes.Repeat([]byte{3}, maxAttested/5*2)).String())
	}) {
		t.Error("what is left out was fetched")
	}
	check(s, ref)
}

// plainLayout is an OCI layout of an index of images with a layer that is not compressed, and the index's digest.
func plainLayout(t *testing.T, name string, archs ...string) ([]byte, digest.Digest) {
	t.Helper()
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	put := func(mediaType string, b []byte) ocispec.Descriptor {
		d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(b), Size: int64(len(b))}
		files[blobPath(d.Digest)] = b
		return d
	}
	var index ocispec.Index
	index.SchemaVersion = 2
	for _, arch := range archs {
		files := put(ocispec.MediaTypeImageLayer, layerTar(t, file{name: "arch", body: arch}))
		config := configBlob{OS: "linux", Architecture: arch, RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{files.Digest}}}
		m := ocispec.Manifest{Config: put(ocispec.MediaTypeImageConfig, asJSON(t, config)), Layers: []ocispec.Descriptor{files}, Annotations: map[string]string{"for": arch}}
		m.SchemaVersion = 2
		d := put(ocispec.MediaTypeImageManifest, asJSON(t, m))
		d.Platform = &ocispec.Platform{OS: "linux", Architecture: arch}
		index.Manifests = append(index.Manifests, d)
		statement := put(statementType, []byte(`{"predicate":{"kept":[1]},"subject":[{"digest":{"sha256":"`+d.Digest.Encoded()+`"},"name":"`+arch+`"},{"digest":{"sha256":"other"},"name":"other"}]}`))
		statement.Annotations = map[string]string{predicateKey: "https://spdx.dev/Document"}
		a := ocispec.Manifest{Layers: []ocispec.Descriptor{statement}}
		a.SchemaVersion = 2
		if arch == "arm64" { // BuildKit writes either
			a.Config, a.Subject = put(ocispec.MediaTypeEmptyJSON, []byte("{}")), &ocispec.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
		} else {
			config.RootFS.DiffIDs = []digest.Digest{statement.Digest}
			a.Config = put(ocispec.MediaTypeImageConfig, asJSON(t, config))
		}
		attested := put(ocispec.MediaTypeImageManifest, asJSON(t, a))
		attested.Annotations = map[string]string{attestationKey: attestationType, attestedDigest: d.Digest.String()}
		attested.Platform = &ocispec.Platform{OS: "unknown", Architecture: "unknown"}
		index.Manifests = append(index.Manifests, attested)
	}
	root := put(ocispec.MediaTypeImageIndex, asJSON(t, index))
	named := root
	named.Annotations = map[string]string{ocispec.AnnotationRefName: name}
	files["index.json"] = asJSON(t, ocispec.Index{Manifests: []ocispec.Descriptor{named}})
	return archiveOf(t, files), root.Digest
}
