package test

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestPush: one tag, all tags, quietly, for a platform; into a registry that is gone with the test.
func TestPush(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
		defer server.Close()
		repo := strings.TrimPrefix(server.URL, "http://") + "/push/app"
		output(t, cli("pull", "-q", "busybox"))
		for _, tag := range []string{"latest", "1", "2"} {
			output(t, cli("tag", "busybox", repo+":"+tag))
			defer func() { output(t, cli("rmi", repo+":"+tag)) }()
		}
		said := output(t, cli("push", repo))
		for _, want := range []string{"Using default tag: latest", "The push refers to repository [" + repo + "]", "Pushed", "latest: digest: sha256:"} {
			if !strings.Contains(said, want) {
				t.Errorf("push said %q, want %q in it", said, want)
			}
		}
		if said := output(t, cli("push", repo+":1")); !strings.Contains(said, "Layer already exists") {
			t.Errorf("second push said %q", said)
		}
		if said := output(t, cli("image", "push", "--all-tags", repo)); !strings.Contains(said, "2: digest: sha256:") {
			t.Errorf("push of all tags said %q", said)
		}
		if said := strings.TrimSpace(output(t, cli("push", "-q", repo+":2"))); said != repo+":2" {
			t.Errorf("quiet push said %q", said)
		}
		for _, tag := range []string{"latest", "1", "2"} {
			r, err := ggcr.ParseReference(repo+":"+tag, ggcr.Insecure)
			if err != nil {
				t.Fatal(err)
			}
			img, err := remote.Image(r)
			if err != nil {
				t.Errorf("tag %s: %v", tag, err)
				continue
			}
			id, err := img.ConfigName()
			if want := output(t, cli("image", "inspect", "-f", "{{.Id}}", "busybox")); err != nil || id.String() != want {
				t.Errorf("tag %s is %s, want %s; %v", tag, id, want, err)
			}
		}
		other := strings.TrimPrefix(server.URL, "http://") + "/push/other:1"
		output(t, cli("tag", "busybox", other))
		defer func() { output(t, cli("rmi", other)) }()
		if said := output(t, cli("push", other)); !strings.Contains(said, "Layer already exists") { // this registry has its blobs together
			t.Errorf("push into another repository said %q", said)
		}
		for _, args := range [][]string{{"push", "--platform", "linux/s390x", repo + ":1"}, {"push", "-a", repo + ":1"}, {"push", repo + ":none"}, {"push", "-a", repo + "/none"}} {
			if out, err := cli(args...).CombinedOutput(); err == nil {
				t.Errorf("%q said %s", args, out)
			}
		}
	})
}
