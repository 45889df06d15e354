package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// record makes an image known, as who pulls or builds one does.
func record(t *testing.T, s *Store, name string) {
	t.Helper()
	err := s.Update(t.Context(), func(ctx context.Context) error {
		_, err := s.Images.Create(ctx, images.Image{Name: name, Target: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: "sha256:" + blobless, Size: 1}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

const blobless = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// leftBy gives the folder that a daemon leaves which goes down while its store is open: its files, without what memory alone has.
func leftBy(t *testing.T, s *Store) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "left")
	if err := os.CopyFS(dir, os.DirFS(s.root)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copiesIn(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(copyPath(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatOthersWereToldOutlivesAPowerLossInABuild(t *testing.T) {
	s := openStore(t)
	record(t, s, "before")
	s.Relax()
	if _, err := s.Leases.Create(s.Context(t.Context()), leases.WithID("of a build")); err != nil {
		t.Fatal(err)
	}
	record(t, s, "meanwhile")
	dir := leftBy(t, s)
	copied := copiesIn(t, dir)
	if len(copied) != 1 {
		t.Fatalf("copies of the database: %v", copied)
	}
	err := errors.Join(
		os.Rename(copied[0], copyPath(dir, "another")),
		os.WriteFile(copyPath(dir, "another.half"), []byte("half"), 0o600),
		os.WriteFile(filepath.Join(dir, databaseName), []byte("what the disk happens to have"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	after := openAt(t, dir)
	defer after.Close()
	for _, name := range []string{"before", "meanwhile"} {
		if _, err := after.Images.Get(after.Context(t.Context()), name); err != nil {
			t.Errorf("image %q: %v", name, err)
		}
	}
	if left := copiesIn(t, dir); len(left) > 0 {
		t.Errorf("copies are left: %v", left)
	}
}

// isLost opens a store for a moment, and has it forget if that is asked for.
func isLost(t *testing.T, dir string, forget bool) bool {
	t.Helper()
	s := openAt(t, dir)
	lost, err := s.Lost()
	if err == nil && forget {
		err = s.Forgotten()
	}
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return lost
}

// A start that fails after the store was opened must not keep the next one from forgetting what builds have cached.
func TestThatSomethingWasLostIsKnownUntilItIsForgotten(t *testing.T) {
	for name, tear := range map[string]func(s *Store, dir string) error{
		"the database": func(_ *Store, dir string) error { return os.Rename(copiesIn(t, dir)[0], copyPath(dir, "another")) },
		"a layer": func(_ *Store, dir string) error {
			return errors.Join(
				os.Remove(copiesIn(t, dir)[0]),
				os.WriteFile(filepath.Join(dir, "unsynced", "x"), []byte(`{"Boot":"another","Since":"2026-01-01T00:00:00Z"}`), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t)
			s.Relax()
			dir := leftBy(t, s)
			if isLost(t, leftBy(t, s), false) {
				t.Error("it is lost although the machine did not go down")
			}
			if err := tear(s, dir); err != nil {
				t.Fatal(err)
			}
			for i, want := range []bool{true, true, false} {
				if lost := isLost(t, dir, i == 1); lost != want {
					t.Errorf("start %d: lost %t", i, lost)
				}
			}
		})
	}
}

func TestNothingIsLostWithADaemonThatIsKilledInABuild(t *testing.T) {
	s := openStore(t)
	s.Relax()
	ctx := s.Context(t.Context())
	if _, err := s.Images.Create(ctx, images.Image{Name: "made", Target: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: "sha256:" + blobless, Size: 1}}); err != nil {
		t.Fatal(err)
	}
	dir := leftBy(t, s)
	after := openAt(t, dir)
	defer after.Close()
	if _, err := after.Images.Get(after.Context(t.Context()), "made"); err != nil {
		t.Error(err)
	}
	if left := copiesIn(t, dir); len(left) > 0 {
		t.Errorf("copies that are left: %v", left)
	}
}

// What a collection removes must not be in a copy that may take the place of the database.
func TestWhatIsRemovedIsInNoCopy(t *testing.T) {
	s := openStore(t)
	commit(t, s, "a", "") // which nothing leads to
	s.Relax()
	if copied := copiesIn(t, s.root); len(copied) != 1 || !s.db.NoSync {
		t.Fatalf("while it is relaxed: copies %v, without waiting %t", copied, s.db.NoSync)
	}
	if err := s.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if copied := copiesIn(t, s.root); len(copied) != 0 || s.db.NoSync {
		t.Errorf("after a collection: copies %v, without waiting %t", copied, s.db.NoSync)
	}
	if _, err := s.Snapshots.Stat(s.Context(t.Context()), "a"); !errdefs.IsNotFound(err) {
		t.Errorf("the layer that nothing leads to: %v", err)
	}
}

func TestADatabaseBesideItIsRelaxedWithIt(t *testing.T) {
	s := openStore(t)
	var said []bool
	done := s.WhenRelaxed(func(relaxed bool) error { said = append(said, relaxed); return nil })
	s.Relax()
	s.Relax()
	if err := s.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(said) != 2 || !said[0] || said[1] {
		t.Errorf("it was told %v, want true and false", said)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	s.Relax()
	if len(said) != 3 || said[2] {
		t.Errorf("after its end it was told %v", said)
	}
}

// What is left of one that fails would be an old copy, which later takes the place of the database.
func TestARelaxationThatFailsHalfWayLeavesNothing(t *testing.T) {
	s := openStore(t)
	var said []bool
	s.WhenRelaxed(func(relaxed bool) error { said = append(said, relaxed); return nil })
	done := s.WhenRelaxed(func(relaxed bool) error {
		if relaxed {
			return errors.New("no")
		}
		return nil
	})
	s.Relax()
	if copied := copiesIn(t, s.root); len(copied) != 0 || s.db.NoSync || s.relaxed.is.Load() {
		t.Errorf("copies %v, without waiting %t, relaxed %t", copied, s.db.NoSync, s.relaxed.is.Load())
	}
	if len(said) != 2 || !said[0] || said[1] {
		t.Errorf("the other was told %v, want true and false", said)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	s.Relax()
	if copied := copiesIn(t, s.root); len(copied) != 1 || !s.db.NoSync {
		t.Errorf("the next time: copies %v, without waiting %t", copied, s.db.NoSync)
	}
}

func TestACopyThatCannotBeRemovedIsKeptUp(t *testing.T) {
	s := openStore(t)
	path := copyPath(s.root, s.boot)
	done := s.WhenRelaxed(func(relaxed bool) error {
		if !relaxed {
			return nil
		}
		return errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "in the way"), 0o700), errors.New("no"))
	})
	s.Relax()
	if err := errors.Join(os.RemoveAll(path), done()); err != nil {
		t.Fatal(err)
	}
	record(t, s, "later")
	dir := leftBy(t, s)
	if err := os.Rename(copyPath(dir, s.boot), copyPath(dir, "another")); err != nil {
		t.Fatal(err)
	}
	after := openAt(t, dir)
	defer after.Close()
	if _, err := after.Images.Get(after.Context(t.Context()), "later"); err != nil {
		t.Error(err)
	}
	if err := s.CollectNow(t.Context()); err != nil {
		t.Error(err)
	}
	if copied := copiesIn(t, s.root); len(copied) != 0 {
		t.Errorf("copies that are left: %v", copied)
	}
}
