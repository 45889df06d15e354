package image

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/crypto/bcrypt"
)

func TestPulledImageHasItsFilesNamesAndDigest(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	made := image(t, v1.Config{Cmd: []string{"/run"}}, layer(t, file{name: "a", body: "1"}), layer(t, file{name: "b", body: "2"}))
	hash := push(t, reg+"/team/app:v1", made)

	var events []string
	got, err := s.Pull(t.Context(), reg+"/team/app:v1", PullOptions{Progress: func(e Event) {
		if e.Status != StatusDownloading && e.Status != StatusExtracting {
			events = append(events, strings.TrimSpace(e.ID+" "+e.Status))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{reg + "/team/app@" + hash.String()}; !slices.Equal(got.Digests, want) || !slices.Equal(got.Names, []string{reg + "/team/app:v1"}) {
		t.Errorf("names %v, digests %v, want %v", got.Names, got.Digests, want)
	}
	if read(t, s, got, "a") != "1" || read(t, s, got, "b") != "2" {
		t.Error("files differ")
	}
	layers, _ := made.Layers()
	for _, l := range layers {
		d, _ := l.Digest()
		for _, status := range []string{StatusQueued, StatusVerifying, StatusDownloaded, StatusPulled} {
			if !slices.Contains(events, d.Hex[:12]+" "+status) {
				t.Errorf("%s of %s was not told: %q", status, d.Hex[:12], events)
			}
		}
	}
	if last := events[len(events)-1]; last != "Status: Downloaded newer image for "+reg+"/team/app:v1" {
		t.Errorf("last words are %q", last)
	}

	events = nil
	if _, err := s.Pull(t.Context(), reg+"/team/app:v1", PullOptions{Progress: func(e Event) { events = append(events, e.Status) }}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Pulling from team/app", "Digest: " + hash.String(), "Status: Image is up to date for " + reg + "/team/app:v1"}; !slices.Equal(events, want) {
		t.Errorf("second pull said %q, want %q", events, want)
	}
}

func TestPullByDigestGivesNoTag(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	hash := push(t, reg+"/app:v1", image(t, v1.Config{}, layer(t, file{name: "a", body: "1"})))
	got, err := s.Pull(t.Context(), reg+"/app@"+hash.String(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Names) != 0 || len(got.Digests) != 1 {
		t.Errorf("names %v, digests %v", got.Names, got.Digests)
	}
}

func TestPullChoosesThePlatform(t *testing.T) {
	s, reg := open(t), serveRegistry(t, "")
	arm := image(t, v1.Config{}, layer(t, file{name: "arch", body: "arm64"}))
	file1, _ := arm.ConfigFile()
	file1 = file1.DeepCopy()
	file1.Architecture = "arm64"
	arm, _ = mutate.ConfigFile(arm, file1)
	amd := image(t, v1.Config{}, layer(t, file{name: "arch", body: "amd64"}))
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
		mutate.IndexAddendum{Add: amd, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	hash := push(t, reg+"/multi", index)

	for _, arch := range []string{"arm64", "amd64"} {
		got, err := s.Pull(t.Context(), reg+"/multi", PullOptions{Platform: "linux/" + arch})
		if err != nil {
			t.Fatal(err)
		}
		if got.Architecture != arch || read(t, s, got, "arch") != arch {
			t.Errorf("got %s, want %s", got.Architecture, arch)
		}
		if want := []string{reg + "/multi@" + hash.String()}; !slices.Equal(got.Digests, want) {
			t.Errorf("digest is %v, want that of the index %v", got.Digests, want)
		}
	}
	_, err := s.Pull(t.Context(), reg+"/multi", PullOptions{Platform: "linux/s390x"})
	if err == nil || !strings.Contains(err.Error(), "no matching manifest for linux/s390x in the manifest list entries") {
		t.Errorf("missing platform: %v", err)
	}
}

func TestPullGoesToTheMirrorFirst(t *testing.T) {
	reg := serveRegistry(t, "")
	push(t, reg+"/library/thing:latest", image(t, v1.Config{}, layer(t, file{name: "a", body: "1"})))
	s := open(t, func(c *Settings) { c.Reach.Mirrors = map[string][]string{"docker.io": {"http://" + reg}} })
	got, err := s.Pull(t.Context(), "thing", PullOptions{Auth: Auth{Username: "u", Password: "never for a mirror"}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Names, []string{"thing:latest"}) {
		t.Errorf("names %v", got.Names)
	}
}

func TestPullWithCredentials(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	reg := serveRegistry(t, fmt.Sprintf("user:%s\n", hash))
	auth := remote.WithAuth(&authn.Basic{Username: "user", Password: "secret"})
	push(t, reg+"/private:1", image(t, v1.Config{}, layer(t, file{name: "a", body: "1"})), auth)
	s := open(t)
	for _, a := range []Auth{{}, {Username: "user", Password: "wrong"}} {
		_, err := s.Pull(t.Context(), reg+"/private:1", PullOptions{Auth: a})
		want := fmt.Sprintf("pull access denied for %s/private, repository does not exist or may require 'docker login'", reg)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !errdefs.IsNotFound(err) {
			t.Errorf("with %+v: %v", a, err)
		}
	}
	if _, err := s.Pull(t.Context(), reg+"/private:1", PullOptions{Auth: Auth{Username: "user", Password: "secret"}}); err != nil {
		t.Error(err)
	}
}

func TestPullSaysWhatIsWrong(t *testing.T) {
	reg := serveRegistry(t, "")
	push(t, reg+"/app:v1", image(t, v1.Config{}, layer(t, file{name: "a", body: "1"})))
	s := open(t, func(c *Settings) { c.Reach.Mirrors = map[string][]string{"docker.io": {"http://127.0.0.1:1"}} })
	for ref, want := range map[string]string{
		reg + "/app:v2":         "manifest for " + reg + "/app:v2 not found: manifest unknown",
		reg + "/other":          "manifest for " + reg + "/other:latest not found: manifest unknown",
		"127.0.0.1:1/app":       "registry 127.0.0.1:1 cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused",
		"thing":                 "registry 127.0.0.1:1 cannot be reached",
		"UPPER":                 "must be lowercase",
		"a b":                   "invalid reference format",
		reg + "/app@sha256:0":   "invalid",
		strings.Repeat("a", 64): "looks like an image ID",
	} {
		_, err := s.Pull(t.Context(), ref, PullOptions{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pull %s: %v, want %q", ref, err, want)
		}
	}
}
