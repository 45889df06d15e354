package image

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/go-digest"

	"github.com/containerd/errdefs"
)

func dropping(c *Settings) { c.DropBlobs = true }

// blobsOf tells which of an image's blobs are on disk, after a collection.
func blobsOf(t *testing.T, s *Images, img Image) (kept []Blob) {
	t.Helper()
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, b := range img.Blobs {
		if committed(s.settings.Root, b.Digest) {
			kept = append(kept, b)
		}
	}
	return kept
}

// TestLayersThatARegistryHasNeedNotBeKept goes the whole way with Debian's docker-registry.
func TestLayersThatARegistryHasNeedNotBeKept(t *testing.T) {
	addr, other := serveRegistry(t, ""), serveRegistry(t, "")
	made := image(t, v1.Config{Cmd: []string{"x"}}, layer(t, file{name: "f", body: random("f", 100_000)}), layer(t, file{name: "g", body: "upper"}))
	want := push(t, addr+"/app:1", made)
	s := open(t, dropping)
	img, err := s.Pull(t.Context(), addr+"/app:1", PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if read(t, s, img, "f") != random("f", 100_000) || read(t, s, img, "g") != "upper" {
		t.Error("a file differs")
	}
	if kept := blobsOf(t, s, img); len(kept) != 2 { // manifest and configuration
		t.Errorf("kept are %v of %v", kept, img.Blobs)
	}
	u, err := s.Usage(t.Context())
	if err != nil || u.Blobs > 5000 || u.Layers < 100_000 || u.Kept[img.ID] != u.Blobs {
		t.Errorf("usage is %+v, %v", u, err)
	}

	// What leaves has the very bytes that came, and is not kept then either.
	var saved bytes.Buffer
	if err := s.Save(t.Context(), &saved, SaveOptions{Refs: []string{addr + "/app:1"}}); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "saved.tar")
	if err := os.WriteFile(archive, saved.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := configIn(t, "docker-archive:"+archive); got != img.ID {
		t.Errorf("skopeo finds %s in what was saved of %s", got, img.ID)
	}
	skopeo(t, "copy", "docker-archive:"+archive, "dir:"+t.TempDir()) // it verifies all digests
	for _, to := range []string{addr + "/mounted:1", other + "/elsewhere:1"} {
		if err := s.Tag(t.Context(), addr+"/app:1", to); err != nil {
			t.Fatal(err)
		}
		pushed, err := s.Push(t.Context(), to, PushOptions{})
		if err != nil || pushed.Target.Digest.String() != want.String() {
			t.Errorf("pushed %s to %s instead of %s, %v", pushed.Target.Digest, to, want, err)
		}
		skopeo(t, "copy", "--src-tls-verify=false", "docker://"+to, "dir:"+t.TempDir())
	}
	if kept := blobsOf(t, s, img); len(kept) != 2 {
		t.Errorf("kept are %v afterwards", kept)
	}

	// What is made on it, and what came from an archive, is kept: nobody else has it.
	child, err := s.Create(t.Context(), Parts{Parent: &img, Layer: bytes.NewReader(layerTar(t, file{name: "h", body: "mine"})), Ref: other + "/child:1"})
	if err != nil {
		t.Fatal(err)
	}
	if kept := blobsOf(t, s, child); len(kept) != 3 {
		t.Errorf("kept are %v of %v", kept, child.Blobs)
	}
	if _, err := s.Push(t.Context(), other+"/child:1", PushOptions{}); err != nil {
		t.Error(err)
	}
	skopeo(t, "copy", "--src-tls-verify=false", "docker://"+other+"/child:1", "dir:"+t.TempDir())
	here := loaded(t, s, "loaded:1", image(t, v1.Config{}, layer(t, file{name: "l", body: "l"})))
	if kept := blobsOf(t, s, here); len(kept) != len(here.Blobs) {
		t.Errorf("kept are %v of %v", kept, here.Blobs)
	}
}

func TestRegistryThatIsGoneIsNamedWhenALayerIsNeededAgain(t *testing.T) {
	f := newFaulty(t, 2, 1000)
	s := open(t, dropping)
	img, err := s.Pull(t.Context(), f.ref(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	blobsOf(t, s, img)
	f.Close()
	var out bytes.Buffer
	err = s.Save(t.Context(), &out, SaveOptions{Refs: []string{f.ref()}})
	if !errdefs.IsUnavailable(err) || !strings.Contains(err.Error(), strings.TrimPrefix(f.URL, "http://")) || out.Len() > 0 {
		t.Errorf("saved %d bytes, %v", out.Len(), err)
	}
	f.whole(t, s, img)
}

func TestWhatIsNotKeptIsVerifiedAllTheSame(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter, []byte){
		"other bytes": func(w http.ResponseWriter, blob []byte) {
			w.Write(bytes.Replace(blob, blob[1000:1100], make([]byte, 100), 1))
		},
		"more bytes":  func(w http.ResponseWriter, blob []byte) { w.Write(append(bytes.Clone(blob), "more"...)) },
		"fewer bytes": func(w http.ResponseWriter, blob []byte) { w.Write(blob[:len(blob)-512]) },
		"no bytes":    func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusForbidden) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(t, 2, 5000)
			f.goesWrong(func(w http.ResponseWriter, _ *http.Request, d digest.Digest, blob []byte) bool {
				if d == f.layers[1] {
					fault(w, blob)
				}
				return d == f.layers[1]
			})
			s := open(t, dropping)
			if _, err := s.Pull(t.Context(), f.ref(), PullOptions{}); err == nil {
				t.Fatal("it was pulled")
			} else {
				t.Log(err)
			}
			dropKept(t, s)
			nothingLeft(t, s)
			f.goesWrong(nil)
			img, err := s.Pull(t.Context(), f.ref(), PullOptions{})
			if err != nil {
				t.Fatal(err)
			}
			f.whole(t, s, img)
		})
	}
}

func TestBrokenConnectionIsGoneOnWithWhereNothingIsKept(t *testing.T) {
	f := newFaulty(t, 1, 1<<20)
	f.goesWrong(func(w http.ResponseWriter, r *http.Request, d digest.Digest, blob []byte) bool {
		if d == f.layers[0] {
			breakOff(w, r, blob, 300_000)
		}
		return d == f.layers[0]
	})
	s := open(t, dropping)
	img, err := s.Pull(t.Context(), f.ref(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.whole(t, s, img)
	if n := f.fetched(0); n != 4 {
		t.Errorf("%d requests for a layer of four pieces: %q", n, f.from)
	}
}

// TestDamagedLayersComeBackFromTheirRegistry: after a power loss layers are unpacked again, and what is not kept is fetched for that.
func TestDamagedLayersComeBackFromTheirRegistry(t *testing.T) {
	f := newFaulty(t, 2, 5000)
	dir := filepath.Join(t.TempDir(), "image")
	s, err := Open(t.Context(), Settings{Root: dir, DropBlobs: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pull(t.Context(), f.ref(), PullOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "unsynced", "m"), []byte(`{"Boot":"another","Since":"2020-01-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var broken atomic.Bool
	broken.Store(true)
	f.goesWrong(func(w http.ResponseWriter, _ *http.Request, _ digest.Digest, _ []byte) bool {
		if broken.Load() {
			w.WriteHeader(http.StatusForbidden)
		}
		return broken.Load()
	})
	s = open(t, dropping, func(c *Settings) { c.Root = dir })
	img, err := s.Get(t.Context(), f.ref())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rootfs(t.Context(), img); err == nil || !strings.Contains(err.Error(), "not to be had again") {
		t.Errorf("with a registry that refuses: %v", err)
	}
	broken.Store(false)
	f.whole(t, s, img)
}
