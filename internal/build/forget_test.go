package build

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/containerd/containerd/v2/core/leases"

	"tug/internal/store"
)

func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("an image store needs root")
	}
	s, err := store.Open(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestForgettingTheCacheLeavesTheHistoryAndWhatIsOthers is about what follows when the machine went down in a build.
func TestForgettingTheCacheLeavesTheHistoryAndWhatIsOthers(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	ctx := s.Context(t.Context())
	for id, m := range map[string]leases.Manager{"of a step": holds{s.Leases, s}, historyLease + "x": holds{s.Leases, s}, "of a pull": s.Leases} {
		if _, err := m.Create(ctx, leases.WithID(id)); err != nil {
			t.Fatal(err)
		}
	}
	root := filepath.Join(t.TempDir(), "build")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{resultsDB, historyDB} { // and no recordsDB
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := forget(ctx, &Settings{Root: root, Store: s}); err != nil {
		t.Fatal(err)
	}
	list, err := s.Leases.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, l := range list {
		left = append(left, l.ID)
	}
	slices.Sort(left)
	if !slices.Equal(left, []string{"of a pull", historyLease + "x"}) {
		t.Errorf("leases that are left: %q", left)
	}
	if files, _ := filepath.Glob(filepath.Join(root, "*")); !slices.Equal(files, []string{filepath.Join(root, historyDB)}) {
		t.Errorf("files that are left: %q", files)
	}
}

func TestWhatCouldNotBeForgottenIsForgottenAtTheNextStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lost"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir)
	settings := Settings{Root: t.TempDir(), Store: s, Log: slog.New(slog.DiscardHandler)}
	inTheWay := filepath.Join(settings.Root, recordsDB, "in the way")
	if err := os.MkdirAll(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), settings); err == nil {
		t.Fatal("it begins with what was lost")
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Dir(inTheWay)); !os.IsNotExist(err) {
		t.Errorf("what it knew is there: %v", err)
	}
	if lost, err := s.Lost(); lost || err != nil {
		t.Errorf("after that: lost %t, %v", lost, err)
	}
}
