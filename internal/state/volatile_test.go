package state

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
)

func openVolatile(t *testing.T, folder string) *Volatile {
	t.Helper()
	v, err := OpenVolatile(folder, quiet())
	must(t, err)
	return v
}

func TestVolatileRecordsAreThereAfterReopening(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run[1]", "containers")
	v := openVolatile(t, folder)
	must(t, v.Put("a", record{"one", 1}))
	must(t, v.Put("a", record{"two", 2}))
	must(t, v.Put("gone", record{}))
	must(t, v.Delete("gone"))
	must(t, v.Delete("never was"))
	must(t, v.Put("../../etc/passwd", record{"three", 3}))
	must(t, v.Put(".", record{"four", 4}))
	must(t, os.WriteFile(filepath.Join(folder, "123.tmp"), []byte("{"), 0o600)) // killed while writing
	want := map[string]record{"a": {"two", 2}, "../../etc/passwd": {"three", 3}, ".": {"four", 4}}
	if diff := cmp.Diff(want, load(t, openVolatile(t, folder))); diff != "" {
		t.Error(diff)
	}
	files, err := os.ReadDir(folder)
	must(t, err)
	if len(files) != 3 {
		t.Errorf("%v", files)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode() != 0o600 {
			t.Errorf("%v %v", info.Mode(), err)
		}
	}
}

func TestVolatileKeysThatFitNoFileName(t *testing.T) {
	v := openVolatile(t, t.TempDir())
	for _, key := range []string{"", strings.Repeat("k", 251)} {
		if err := v.Put(key, 1); !errdefs.IsInvalidArgument(err) {
			t.Errorf("key of %d bytes: %v", len(key), err)
		}
	}
	must(t, v.Put(strings.Repeat("k", 250), 1))
}

func TestDamagedVolatileRecordsAreMovedAsideAndReported(t *testing.T) {
	folder := t.TempDir()
	var log bytes.Buffer
	v, err := OpenVolatile(folder, slog.New(slog.NewTextHandler(&log, nil)))
	must(t, err)
	must(t, v.Put("good", record{"one", 1}))
	for name, content := range map[string]string{"torn.json": `{"Name":"to`, "empty.json": "", "zeros.json": "\x00\x00"} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	for range 2 {
		if diff := cmp.Diff(map[string]record{"good": {"one", 1}}, load(t, v)); diff != "" {
			t.Error(diff)
		}
	}
	aside, err := os.ReadDir(filepath.Join(folder, damagedFolder))
	must(t, err)
	if len(aside) != 3 || strings.Count(log.String(), "moved aside") != 3 {
		t.Errorf("%v\n%s", aside, log.String())
	}
	must(t, v.Put("torn", record{"again", 2}))
	if r := load(t, v)["torn"]; r.Count != 2 {
		t.Errorf("%v", r)
	}
}
