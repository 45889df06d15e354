package image

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestAllPlatformsArePushed(t *testing.T) {
	s, from, to := open(t), serveRegistry(t, ""), serveRegistry(t, "")
	hash := push(t, from+"/multi:1", multi(t, "arm64", "amd64"))
	pulled(t, s, from+"/multi:1", "arm64", "amd64")
	if err := s.Tag(t.Context(), from+"/multi:1", to+"/multi:2"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Push(t.Context(), to+"/multi:2", PushOptions{})
	if err != nil || got.Target.Digest.String() != hash.String() || got.Instead != nil {
		t.Fatalf("pushed %+v, %v", got, err)
	}
	other := open(t)
	pulled(t, other, to+"/multi:2", "arm64", "amd64")
	if got := here(t, other, to+"/multi:2"); !slices.Equal(got, []string{"arm64", "attested", "amd64", "attested"}) {
		t.Error(got)
	}
	if img, err := s.Get(t.Context(), to+"/multi@"+hash.String()); err != nil || img.Root().Digest.String() != hash.String() {
		t.Errorf("by its digest there: %+v, %v", img, err)
	}
	if img, err := s.Get(t.Context(), hash.String()); err != nil || img.Root().Digest.String() != hash.String() {
		t.Errorf("by its digest alone: %+v, %v", img, err)
	}
}

func TestOnePlatformIsPushedWhereNotAllAreHere(t *testing.T) {
	s, from, to := open(t), serveRegistry(t, ""), serveRegistry(t, "")
	hash := push(t, from+"/multi:1", multi(t, "s390x", "arm64", "riscv64"))
	arm := pulled(t, s, from+"/multi:1", "arm64")
	if err := s.Tag(t.Context(), from+"/multi:1", to+"/multi:1"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Push(t.Context(), to+"/multi:1", PushOptions{})
	if err != nil || got.Instead == nil || got.Instead.Digest.String() != hash.String() || got.Target.Digest != arm.Target.Digest {
		t.Errorf("one of three: %+v, %v", got, err)
	}
	// The registry that it came from has what is not here.
	if got, err := s.Push(t.Context(), from+"/multi:1", PushOptions{}); err != nil || got.Instead != nil || got.Target.Digest.String() != hash.String() {
		t.Errorf("pushed back: %+v, %v", got, err)
	}
	pulled(t, s, from+"/multi:1", "s390x")
	if _, err := s.Push(t.Context(), to+"/multi:1", PushOptions{}); !errdefs.IsConflict(err) || !strings.Contains(err.Error(), "--platform") {
		t.Errorf("two of three: %v", err)
	}
	if got, err := s.Push(t.Context(), to+"/multi:1", PushOptions{Platform: "linux/s390x"}); err != nil || got.Target.MediaType == ocispec.MediaTypeImageIndex {
		t.Errorf("the one that was named: %+v, %v", got, err)
	}
	if got := pulled(t, open(t), to+"/multi:1", "s390x"); got.Platforms != nil || got.Architecture != "s390x" {
		t.Errorf("there is %+v", got)
	}
}

// TestPlatformsAreCompressedForAPush: their manifests change, and so do the index and what is attested of them, and the name points at that from then on.
func TestPlatformsAreCompressedForAPush(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	archive, old := plainLayout(t, reg+"/plain:1", "arm64", "amd64")
	if _, err := s.Load(t.Context(), bytes.NewReader(archive), LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Push(t.Context(), reg+"/plain:1", PushOptions{})
	if err != nil || got.Instead != nil || got.Target.Digest == old {
		t.Fatalf("%+v, %v", got, err)
	}
	again, err := s.Push(t.Context(), reg+"/plain:1", PushOptions{})
	if err != nil || again.Target.Digest != got.Target.Digest {
		t.Errorf("again %+v, %v", again, err)
	}
	for _, arch := range []string{"arm64", "amd64"} {
		other := open(t)
		if img := pulled(t, other, reg+"/plain:1", arch); read(t, other, img, "arch") != arch {
			t.Errorf("%s: %+v", arch, img)
		}
		checkAttested(t, other, reg+"/plain:1", arch)
	}
}

// checkAttested checks that what is attested of a platform's image names its manifest, wherever it does that, and that the manifest is annotated as before.
func checkAttested(t *testing.T, s *Images, ref, arch string) {
	t.Helper()
	img, err := s.GetFor(t.Context(), ref, "linux/"+arch)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Attestations(t.Context(), ref, "linux/"+arch, nil, true)
	about := img.manifest().Digest
	want := `{"predicate":{"kept":[1]},"subject":[{"digest":{"sha256":"` + about.Encoded() + `"},"name":"` + arch + `"},{"digest":{"sha256":"other"},"name":"other"}]}`
	if err != nil || len(list) != 1 || string(list[0].Body) != want {
		t.Fatalf("%s: %+v, %v", arch, list, err)
	}
	if m, _, err := s.readManifest(s.store.Context(t.Context()), img.manifest()); err != nil || m.Annotations["for"] != arch {
		t.Errorf("%s is annotated with %v, %v", arch, m.Annotations, err)
	}
	for _, m := range img.Platforms.Manifests {
		if m.About != about {
			continue
		}
		a, err := s.readAttestation(s.store.Context(t.Context()), m.Descriptor)
		if err != nil {
			t.Fatal(err)
		}
		if arch == "arm64" && a.Subject.Digest != about {
			t.Errorf("its manifest is about %s", a.Subject.Digest)
		}
		config, err := readBlob(s.store.Context(t.Context()), s.store.Content, a.Config, maxConfig)
		if err != nil || arch != "arm64" && !bytes.Contains(config, []byte(list[0].Descriptor.Digest)) {
			t.Errorf("its configuration is %s, %v", config, err)
		}
	}
}

func TestSkopeoReadsAndWritesAllPlatforms(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	push(t, reg+"/made:1", multi(t, "arm64", "amd64"))
	// Debian's skopeo keeps an index's digest only if it would write the index in the same way.
	skopeo(t, "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://"+reg+"/made:1", "docker://"+reg+"/multi:1")
	hash := pulled(t, s, reg+"/multi:1", "arm64", "amd64").Root().Digest
	dir := t.TempDir()
	var b bytes.Buffer
	if err := s.Save(t.Context(), &b, SaveOptions{Refs: []string{reg + "/multi:1"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "saved.tar"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	skopeo(t, "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci-archive:"+dir+"/saved.tar:1", "docker://"+reg+"/copied:1")
	if got, err := open(t).Pull(t.Context(), reg+"/copied:1", PullOptions{}); err != nil || got.Root().Digest != hash {
		t.Errorf("what skopeo made of it is %+v, %v", got, err)
	}
	skopeo(t, "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "docker://"+reg+"/multi:1", "oci-archive:"+dir+"/skopeo.tar:host.test/multi:2")
	archive, err := os.Open(filepath.Join(dir, "skopeo.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	other := open(t)
	if _, err := other.Load(t.Context(), archive, LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	if img, err := other.Get(t.Context(), "host.test/multi:2"); err != nil || img.Root().Digest.String() != hash.String() {
		t.Errorf("loaded %+v, %v", img, err)
	}
	if got := here(t, other, "host.test/multi:2"); !slices.Equal(got, []string{"arm64", "attested", "amd64", "attested"}) {
		t.Error(got)
	}
}

func TestSomePlatformsAreSavedAndLoaded(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	push(t, reg+"/multi:1", multi(t, "arm64", "amd64", "s390x"))
	pulled(t, s, reg+"/multi:1", "arm64", "amd64", "s390x")
	saved := func(platforms ...string) *bytes.Buffer {
		var b bytes.Buffer
		if err := s.Save(t.Context(), &b, SaveOptions{Refs: []string{reg + "/multi:1"}, Platforms: platforms}); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	one := open(t)
	if _, err := one.Load(t.Context(), saved("linux/s390x"), LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	if img, err := one.Get(t.Context(), reg+"/multi:1"); err != nil || img.Architecture != "s390x" || img.Platforms != nil {
		t.Errorf("one: %+v, %v", img, err)
	}
	two := open(t)
	if _, err := two.Load(t.Context(), saved("linux/s390x", "linux/arm64"), LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := here(t, two, reg+"/multi:1"); !slices.Equal(got, []string{"arm64", "attested", "s390x", "attested"}) {
		t.Errorf("two: %v", got)
	}
	some := open(t)
	if _, err := some.Load(t.Context(), saved(), LoadOptions{Platforms: []string{"linux/arm64"}}); err != nil {
		t.Fatal(err)
	}
	if got := here(t, some, reg+"/multi:1"); !slices.Contains(got, "arm64") || slices.Contains(got, "amd64") {
		t.Errorf("loaded one of all: %v", got)
	}
	if _, err := open(t).Load(t.Context(), saved("linux/s390x", "linux/arm64"), LoadOptions{Platforms: []string{"linux/amd64"}}); !errdefs.IsNotFound(err) {
		t.Errorf("one that is not in it: %v", err)
	}
}
