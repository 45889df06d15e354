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
	if !after.Lost() {
		t.Error("it does not say that something was lost")
	}
	if left := copiesIn(t, dir); len(left) > 0 {
		t.Errorf("copies are left: %v", left)
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
	if left := copiesIn(t, dir); len(left) > 0 || after.Lost() {
		t.Errorf("copies that are left: %v; lost: %t", left, after.Lost())
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
