package store

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRemainsOfAKilledProcessAreSwept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	for name, file := range map[string]string{"moved": "ref", "half": "data"} {
		folder := filepath.Join(dir, "content", "ingest", name)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, file), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := openAt(t, dir)
	defer s.Close()
	left, err := os.ReadDir(filepath.Join(dir, "content", "ingest"))
	if err != nil || len(left) != 1 || left[0].Name() != "half" {
		t.Errorf("%v, %v", left, err)
	}
}
