package build

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/containerd/errdefs"
)

// TestWhatFollowsAnArchiveIsReadOrRefused: what is left in a request keeps the daemon from noticing that its client has gone.
func TestWhatFollowsAnArchiveIsReadOrRefused(t *testing.T) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644}), w.Close()); err != nil {
		t.Fatal(err)
	}
	b := &backend{settings: &Settings{Root: t.TempDir()}}
	for _, c := range []struct {
		follows int
		refused bool
	}{{0, false}, {maxTrailer / 2, false}, {2 * maxTrailer, true}} {
		request := bytes.NewReader(append(bytes.Clone(archive.Bytes()), make([]byte, c.follows)...))
		files, err := b.receive(&Classic{Context: io.MultiReader(request)})
		if c.refused {
			if !errdefs.IsInvalidArgument(err) {
				t.Errorf("%d bytes: %v", c.follows, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%d bytes: %v", c.follows, err)
			continue
		}
		if request.Len() > 0 {
			t.Errorf("%d bytes: %d are left in the request", c.follows, request.Len())
		}
		files.Close()
	}
}
