package main

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func startRegistry(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestPushedImageHasConfigurationAndHistory(t *testing.T) {
	addr := startRegistry(t)
	config := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(config, []byte(`{"Cmd":["nginx"],"StopSignal":"SIGQUIT","ExposedPorts":{"80/tcp":{}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	fs := write(t, archive(dir("./"), file("./a", "1")))
	args := []string{"push", "-config", config, "-layer", fs + "=COPY a=b /", addr + "/library/web:latest", addr + "/library/web:1"}
	if err := run(t.Context(), args, io.Discard); err != nil {
		t.Fatal(err)
	}

	for _, tag := range []string{"latest", "1"} {
		ref, err := name.NewTag(addr+"/library/web:"+tag, name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		img, err := remote.Image(ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if got.OS != "linux" || got.Architecture != runtime.GOARCH || got.Config.StopSignal != "SIGQUIT" {
			t.Errorf("%s: configuration %+v", tag, got)
		}
		if len(got.History) != 1 || got.History[0].CreatedBy != "COPY a=b /" || got.History[0].Created.IsZero() {
			t.Errorf("%s: history %+v", tag, got.History)
		}
	}
	if err := run(t.Context(), []string{"has", addr + "/library/web:1"}, io.Discard); err != nil {
		t.Error("has, of an image that is there:", err)
	}
	if err := run(t.Context(), []string{"has", addr + "/library/web:2"}, io.Discard); err == nil {
		t.Error("has, of an image that is not there: no error")
	}

	out := filepath.Join(t.TempDir(), "all.tar")
	if err := run(t.Context(), []string{"save", "-o", out, addr + "/library/web:latest"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(out) })
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"web:latest"}, manifest[0].RepoTags); d != "" {
		t.Error("names in the archive:", d)
	}
}

func TestMisspeltConfigurationIsRefused(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(config, []byte(`{"Comand":["sh"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"push", "-config", config, "127.0.0.1:1/x"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "Comand") {
		t.Errorf("error %v, want one that names the field", err)
	}
}
