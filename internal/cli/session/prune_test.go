package session

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/moby/moby/client"
)

func TestConfiguredPruneFiltersGiveWayToContradictions(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(`{"pruneFilters":["label!=keep","label=old","until=24h","nonsense"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string {
		return map[string]string{"TUG_CONFIG": folder, "DOCKER_CONFIG": folder}[name]
	}
	s := New(io.NopCloser(strings.NewReader("")), io.Discard, io.Discard, getenv, Version{})
	given := make(client.Filters).Add("label", "keep")
	got, err := s.PruneFilters(given)
	if err != nil {
		t.Fatal(err)
	}
	want := make(client.Filters).Add("label", "keep", "old").Add("until", "24h")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if len(given["label"]) != 1 {
		t.Errorf("what was given changed: %v", given)
	}
}
