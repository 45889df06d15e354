package image

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/crypto/bcrypt"
)

func TestPushedImageIsPulledElsewhere(t *testing.T) {
	leakFree(t)
	s, reg := open(t), serveRegistry(t, "")
	// An imported layer is stored uncompressed.
	img, err := s.Import(t.Context(), bytes.NewReader(layerTar(t, file{name: "f", body: strings.Repeat("x", 100_000)})), ImportOptions{Ref: reg + "/mine:1"})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	done, err := s.Push(t.Context(), reg+"/mine:1", PushOptions{Progress: func(e Event) { said = append(said, e.Status) }})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(said, "Pushed") || said[len(said)-1] != fmt.Sprintf("1: digest: %s size: %d", done.Target.Digest, done.Target.Size) {
		t.Errorf("said %q", said)
	}
	after, err := s.Get(t.Context(), reg+"/mine:1")
	if err != nil || after.ID != img.ID || !slices.Equal(after.Digests, []string{reg + "/mine@" + done.Target.Digest.String()}) {
		t.Errorf("after the push: %+v, %v", after, err)
	}
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Content.Info(s.store.Context(t.Context()), img.DiffIDs[0]); !errdefs.IsNotFound(err) {
		t.Errorf("the uncompressed blob is still there: %v", err)
	}
	other := open(t)
	got, err := other.Pull(t.Context(), reg+"/mine:1", PullOptions{})
	if err != nil || got.ID != img.ID || len(read(t, other, got, "f")) != 100_000 {
		t.Errorf("pulled %v, %v", got.ID, err)
	}
	said = nil
	if _, err := other.Push(t.Context(), reg+"/mine:1", PushOptions{Progress: func(e Event) { said = append(said, e.Status) }}); err != nil || !slices.Contains(said, "Layer already exists") {
		t.Errorf("pushed back: %q, %v", said, err)
	}
}

// TestPushBringsNothingBack: an image that is removed while it is pushed is in the registry after that, and not here.
func TestPushBringsNothingBack(t *testing.T) {
	for _, several := range []bool{false, true} {
		s, ref := open(t), ""
		var once sync.Once
		inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ref != "" && r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
				once.Do(func() {
					if _, err := s.Remove(t.Context(), ref, RemoveOptions{Force: true}); err != nil {
						t.Error(err)
					}
				})
			}
			inner.ServeHTTP(w, r)
		}))
		name := strings.TrimPrefix(server.URL, "http://") + "/app:1"
		if several {
			push(t, name, multi(t, "arm64", "amd64"))
			pulled(t, s, name, "arm64", "amd64")
		} else {
			loaded(t, s, name, image(t, v1.Config{}, layer(t, file{name: "f", body: "x"})))
		}
		ref = name
		if done, err := s.Push(t.Context(), name, PushOptions{}); err != nil || done.Target.Digest == "" {
			t.Errorf("several %t: %+v, %v", several, done, err)
		}
		nothingLeft(t, s)
		if _, err := s.Pull(t.Context(), name, PullOptions{}); err != nil {
			t.Errorf("several %t: it is not in the registry: %v", several, err)
		}
		server.Close()
	}
}

// TestPushOfWhatIsRemovedMeanwhile: between looking for the image and compressing its layers.
func TestPushOfWhatIsRemovedMeanwhile(t *testing.T) {
	s := open(t)
	archive, _ := plainLayout(t, "docker.io/library/app:1", "arm64", "amd64")
	if _, err := s.Load(t.Context(), bytes.NewReader(archive), LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, done, err := s.store.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	x := s.index.Load()
	several := x.platforms[x.names["docker.io/library/app:1"].target.Digest]
	if _, err := s.Remove(t.Context(), "app:1", RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.compressedPlatforms(ctx, x, several, newProgress(nil)); !errdefs.IsNotFound(err) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPushSaysWhatIsWrong(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s, reg := open(t), serveRegistry(t, fmt.Sprintf("user:%s\n", hash))
	made := image(t, v1.Config{}, layer(t, file{name: "f", body: "x"}))
	loaded(t, s, reg+"/app:1", made)
	loaded(t, s, "127.0.0.1:1/app:1", made)
	for ref, want := range map[string]string{
		reg + "/app:2":      "an image does not exist locally with the tag: " + reg + "/app:2",
		reg + "/app:1":      "push access denied for " + reg + "/app:1",
		"127.0.0.1:1/app:1": "registry 127.0.0.1:1 cannot be reached",
	} {
		if _, err := s.Push(t.Context(), ref, PushOptions{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("push %s: %v, want %q", ref, err, want)
		}
	}
	if _, err := s.Push(t.Context(), reg+"/app:1", PushOptions{Auth: Auth{Username: "user", Password: "secret"}}); err != nil {
		t.Error(err)
	}
}

// TestLayersAreTakenFromOtherRepositories: what one repository of the registry has is not sent to another.
func TestLayersAreTakenFromOtherRepositories(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	loaded(t, s, reg+"/one/app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: random("mount", 100_000)})))
	if err := s.Tag(t.Context(), reg+"/one/app:1", reg+"/two/app:1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Push(t.Context(), reg+"/one/app:1", PushOptions{}); err != nil {
		t.Fatal(err)
	}
	var said []string
	if _, err := s.Push(t.Context(), reg+"/two/app:1", PushOptions{Progress: func(e Event) { said = append(said, e.Status) }}); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(said, "Mounted from one/app") || slices.Contains(said, "Pushed") {
		t.Errorf("said %q", said)
	}
	if _, err := open(t).Pull(t.Context(), reg+"/two/app:1", PullOptions{}); err != nil {
		t.Error(err)
	}
}

// TestLayersAreCompressedOnce, for a second push and for another image that has them.
func TestLayersAreCompressedOnce(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	base, err := s.Import(t.Context(), bytes.NewReader(layerTar(t, file{name: "f", body: strings.Repeat("x", 100_000)})), ImportOptions{Ref: reg + "/base:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), Parts{Parent: &base, Layer: bytes.NewReader(layerTar(t, file{name: "g", body: "y"})), Ref: reg + "/child:1"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ref  string
		want int
	}{{"/base:1", 1}, {"/base:1", 0}, {"/child:1", 1}, {"/child:1", 0}} {
		compressed := 0
		_, err := s.Push(t.Context(), reg+c.ref, PushOptions{Progress: func(e Event) {
			if e.Status == "Compressing" {
				compressed++
			}
		}})
		if err != nil || compressed != c.want {
			t.Errorf("%s: %d layers compressed, want %d; %v", c.ref, compressed, c.want, err)
		}
	}
}

func TestPushForAPlatform(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	loaded(t, s, reg+"/app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "x"})))
	if _, err := s.Push(t.Context(), reg+"/app:1", PushOptions{Platform: "linux/s390x"}); !errdefs.IsNotFound(err) || !strings.Contains(err.Error(), "does not provide the specified platform (linux/s390x)") {
		t.Error(err)
	}
	if _, err := s.Push(t.Context(), reg+"/app:1", PushOptions{Platform: "linux/amd64"}); err != nil {
		t.Error(err)
	}
	if names, err := s.TagsOf(reg + "/app"); err != nil || !slices.Equal(names, []string{reg + "/app:1"}) {
		t.Error(names, err)
	}
	if _, err := s.TagsOf(reg + "/none"); !errdefs.IsNotFound(err) {
		t.Error(err)
	}
}
