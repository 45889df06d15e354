package build

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"tug/internal/store"
)

// copiesOf gives the copies of its database that a store has while builds write to it.
func copiesOf(t *testing.T, store string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(store, "meta.db.of-*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A builder that cannot be set up must leave nothing in the store that a later one, or the store's end, stumbles over.
func TestABuilderThatCannotBeSetUpLeavesTheStoreAsItWas(t *testing.T) {
	for name, before := range map[string]func(*store.Store){"idle": func(*store.Store) {}, "in use": (*store.Store).Relax} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir)
			b, err := New(t.Context(), Settings{Root: t.TempDir(), Store: s, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			inTheWay := filepath.Join(b.settings.Root, historyDB)
			if err := os.Mkdir(inTheWay, 0o700); err != nil {
				t.Fatal(err)
			}
			before(s)
			if _, err := b.open(t.Context()); err == nil {
				t.Fatal("it is set up without its history")
			}
			s.Relax()
			if copies := copiesOf(t, dir); len(copies) != 1 {
				t.Errorf("while it is relaxed: copies %v", copies)
			}
			if err := s.CollectNow(t.Context()); err != nil {
				t.Error(err)
			}
			if copies := copiesOf(t, dir); len(copies) != 0 {
				t.Errorf("copies that are left: %v", copies)
			}
			if err := os.Remove(inTheWay); err != nil {
				t.Fatal(err)
			}
			if _, err := b.open(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
