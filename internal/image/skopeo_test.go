package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
)

// skopeo runs Debian's skopeo, which writes and reads archives with code that is not ours.
func skopeo(t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("skopeo")
	if err != nil {
		t.Skip("no skopeo on this host: scripts/apt-install skopeo")
	}
	cmd := exec.Command(program, append([]string{"--insecure-policy", "--tmpdir", t.TempDir()}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("skopeo %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// configIn is the digest of the configuration blob of the image that skopeo finds at a place.
func configIn(t *testing.T, place string) digest.Digest {
	t.Helper()
	return digest.FromString(skopeo(t, "inspect", "--raw", "--config", place))
}

// TestSkopeoAndTugMeetInARegistry: what one has pushed is what the other pulls, byte for byte, and in both of the formats that registries know.
func TestSkopeoAndTugMeetInARegistry(t *testing.T) {
	addr := serveRegistry(t, "")
	s := open(t)
	made := image(t, v1.Config{Cmd: []string{"a"}}, layer(t, file{name: "f", body: "1"}), layer(t, file{name: "g", body: "2"}))
	ours := loaded(t, s, addr+"/ours:1", made)
	if _, err := s.Push(t.Context(), addr+"/ours:1", PushOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	skopeo(t, "copy", "--src-tls-verify=false", "docker://"+addr+"/ours:1", "dir:"+dir) // verifies every layer
	if config, err := os.ReadFile(filepath.Join(dir, ours.ID.Encoded())); err != nil || digest.FromBytes(config) != ours.ID {
		t.Errorf("what skopeo has pulled: %v", err)
	}
	for _, format := range []string{"oci", "v2s2"} {
		name := addr + "/theirs:" + format
		skopeo(t, "copy", "--dest-tls-verify=false", "--format", format, "dir:"+dir, "docker://"+name)
		raw := skopeo(t, "inspect", "--tls-verify=false", "--raw", "docker://"+name)
		got, err := open(t).Pull(t.Context(), name, PullOptions{})
		if err != nil || got.Target.Digest != digest.FromString(raw) {
			t.Errorf("%s: %+v, %v", format, got.Target, err)
		}
		if format == "v2s2" && got.ID != ours.ID {
			t.Errorf("the image that came back is %s and was %s", got.ID, ours.ID)
		}
	}
}

func TestWhatIsSavedIsReadBySkopeo(t *testing.T) {
	s := open(t)
	one := loaded(t, s, "host.test/one:1", image(t, v1.Config{Cmd: []string{"a"}}, layer(t, file{name: "f", body: "1"}), layer(t, file{name: "g", body: "2"})))
	two, err := s.Import(t.Context(), bytes.NewReader(layerTar(t, file{name: "f", body: "plain"})), ImportOptions{Ref: "host.test/two:2"})
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "saved.tar")
	var b bytes.Buffer
	if err := s.Save(t.Context(), &b, SaveOptions{Refs: []string{"host.test/one:1", "host.test/two:2"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(archive, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]digest.Digest{
		"docker-archive:" + archive + ":host.test/one:1": one.ID,
		"docker-archive:" + archive + ":host.test/two:2": two.ID,
		"oci-archive:" + archive + ":1":                  one.ID,
		"oci-archive:" + archive + ":2":                  two.ID,
	} {
		if got := configIn(t, place); got != want {
			t.Errorf("%s: configuration %s, want %s", place, got, want)
		}
		skopeo(t, "copy", place, "dir:"+t.TempDir()) // verifies every layer
	}
}

func TestWhatSkopeoSavedIsLoaded(t *testing.T) {
	s := open(t)
	made := image(t, v1.Config{Cmd: []string{"a"}, Env: []string{"A=b"}},
		layer(t, file{name: "d/", mode: 0o755}, file{name: "d/f", body: "1"}), layer(t, file{name: "d/.wh.f"}, file{name: "g", body: strings.Repeat("2", 100_000)}))
	loaded(t, s, "host.test/app:1", made)
	dir := t.TempDir()
	source := filepath.Join(dir, "source.tar")
	var b bytes.Buffer
	if err := s.Save(t.Context(), &b, SaveOptions{Refs: []string{"host.test/app:1"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, place := range map[string]string{
		"docker-archive": "docker-archive:" + dir + "/docker.tar:host.test/app:2",
		"oci-archive":    "oci-archive:" + dir + "/oci.tar:host.test/app:2",
	} {
		t.Run(kind, func(t *testing.T) {
			skopeo(t, "copy", "docker-archive:"+source+":host.test/app:1", place)
			want := configIn(t, place)
			_, rest, _ := strings.Cut(place, ":")
			file, _, _ := strings.Cut(rest, ":")
			archive, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for how, r := range map[string]io.Reader{"plain": bytes.NewReader(archive), "gzip": gzipped(t, archive), "zstd": zstdOf(t, archive), "bzip2": piped(t, archive, "bzip2")} {
				to := open(t)
				list, err := to.Load(t.Context(), r, LoadOptions{})
				if err != nil || len(list) != 1 || list[0].Name != "host.test/app:2" || list[0].ID != want {
					t.Errorf("%s: %v, %v; want %s", how, list, err, want)
					continue
				}
				img, err := to.Get(t.Context(), "host.test/app:2")
				if err != nil || len(read(t, to, img, "g")) != 100_000 || !slices.Equal(img.Config.Env, []string{"A=b"}) {
					t.Errorf("%s: %+v, %v", how, img, err)
				}
			}
		})
	}
}

func gzipped(t *testing.T, b []byte) io.Reader {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func zstdOf(t *testing.T, b []byte) io.Reader {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(z.EncodeAll(b, nil))
}

// piped is what a program of the host makes of b.
func piped(t *testing.T, b []byte, program string) io.Reader {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("no %s on this host", program)
	}
	cmd := exec.Command(program, "-c")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out)
}

// untarred are the files of an archive.
func untarred(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for tr := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(tr); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneArchiveHasTheManifestsOfBothFormats(t *testing.T) {
	s := open(t)
	loaded(t, s, "app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "1"})))
	var b bytes.Buffer
	if err := s.Save(t.Context(), &b, SaveOptions{Refs: []string{"app:1"}}); err != nil {
		t.Fatal(err)
	}
	files := untarred(t, b.Bytes())
	var index struct {
		Manifests []struct {
			Digest      digest.Digest
			Annotations map[string]string
		}
	}
	var manifests []archived
	if err := json.Unmarshal(files["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(files["manifest.json"], &manifests); err != nil {
		t.Fatal(err)
	}
	if len(index.Manifests) != 1 || len(manifests) != 1 || !slices.Equal(manifests[0].RepoTags, []string{"app:1"}) || files[manifests[0].Config] == nil {
		t.Errorf("%+v, %+v", index, manifests)
	}
}
