package image

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
)

func TestImportFromAURL(t *testing.T) {
	s := open(t)
	archive := layerTar(t, file{name: "f", body: "from afar"})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/root.tar":
			_, _ = w.Write(archive)
		case "/moved":
			http.Redirect(w, r, "/root.tar", http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(archive[:700])
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, address := range []string{server.URL + "/root.tar", strings.TrimPrefix(server.URL, "http://") + "/root.tar", server.URL + "/moved"} {
		var said []string
		img, err := s.ImportURL(t.Context(), address, ImportOptions{Ref: "afar:1", Changes: []string{"CMD x"}, Progress: func(e Event) { said = append(said, e.Status) }})
		if err != nil || read(t, s, img, "f") != "from afar" || !strings.HasPrefix(img.Comment, "Imported from http://127.0.0.1") || len(img.Config.Cmd) == 0 {
			t.Errorf("%s: %+v, %v", address, img, err)
		}
		if len(said) < 2 || !strings.HasPrefix(said[0], "Downloading from http://") || !slices.Contains(said, "Importing") {
			t.Errorf("said %q", said)
		}
	}
	for address, is := range map[string]func(error) bool{
		server.URL + "/none": errdefs.IsInvalidArgument, "http://127.0.0.1:1/x": errdefs.IsUnavailable, "file:///etc/passwd": errdefs.IsInvalidArgument,
		"http://": errdefs.IsInvalidArgument, server.URL + "/cut": func(err error) bool { return err != nil },
	} {
		if _, err := s.ImportURL(t.Context(), address, ImportOptions{}); !is(err) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestHistoryOfWhatWasMadeHere: an import is a step, and each layer laid over it.
func TestHistoryOfWhatWasMadeHere(t *testing.T) {
	s := open(t)
	base, err := s.Import(t.Context(), bytes.NewReader(layerTar(t, file{name: "f", body: "x"})), ImportOptions{Ref: "base:1", Message: "by hand", Platform: "linux/arm64"})
	if err != nil || base.Platform() != "linux/arm64" {
		t.Fatal(base, err)
	}
	_, err = s.Create(t.Context(), Parts{Parent: &base, Layer: bytes.NewReader(layerTar(t, file{name: "g", body: "y"})), Author: "me", Comment: "more", CreatedBy: "sh", Ref: "child:1"})
	if err != nil {
		t.Fatal(err)
	}
	steps, err := s.History(t.Context(), "child:1", "")
	if err != nil || len(steps) != 2 || steps[0].Comment != "more" || steps[0].CreatedBy != "sh" || steps[1].Comment != "by hand" || steps[0].Size == 0 || steps[1].Size == 0 ||
		!slices.Equal(steps[0].Names, []string{"child:1"}) {
		t.Errorf("%+v, %v", steps, err)
	}
}
