package build

import (
	"errors"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
)

func TestAContextIsFetchedFromAnAddress(t *testing.T) {
	for remote, refused := range map[string]bool{
		"": false, "http://a.example/x": false, "https://a.example/x.tar.gz": false, "https://a.example/x.git#main:of": false, "git://a.example/x.git": false, "git@a.example:x.git": false,
		"github.com/a/b": false, "ftp://a.example/x": true, "folder": true, "/folder": true,
	} {
		if err := (&Classic{Remote: remote}).checkRemote(); errdefs.IsInvalidArgument(err) != refused {
			t.Errorf("%q: %v", remote, err)
		}
	}
}

func TestWhyAContextIsNotThereIsSaid(t *testing.T) {
	c := &Classic{Remote: "http://a.example/x"}
	err := c.explainRemote(errors.New("failed to load cache key: invalid response status 404"))
	if !errdefs.IsNotFound(err) || !strings.Contains(err.Error(), "failed to GET http://a.example/x with status 404 Not Found") {
		t.Error(err)
	}
	if err := c.explainRemote(errdefs.ErrConflict); !errdefs.IsConflict(err) {
		t.Error(err)
	}
}

func TestIDsAreFoundInNames(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for name, want := range map[string]string{
		"docker.io/library/sha256:" + id: id, "docker.io/library/" + id[:12] + ":latest": id[:12],
		"docker.io/library/" + id[:11] + ":latest": "", "docker.io/library/" + id[:12] + ":1": "", "docker.io/a/" + id[:12] + ":latest": "", "docker.io/library/ghi123456789:latest": "",
	} {
		if got := idIn(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
