package image

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/go-digest"
)

// users is an InUse function for one image's containers.
func users(list ...User) func(digest.Digest) []User {
	return func(digest.Digest) []User { return list }
}

func untagged(list []Removed) (names []string) {
	for _, r := range list {
		if r.Untagged != "" {
			names = append(names, r.Untagged)
		}
	}
	return names
}

func deleted(list []Removed, id digest.Digest) bool {
	return slices.Contains(list, Removed{Deleted: id})
}

func TestLastNameTakesTheImageAlong(t *testing.T) {
	s := open(t)
	img := loaded(t, s, "app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "1"})))
	if err := s.Tag(t.Context(), "app:1", "other/app:2"); err != nil {
		t.Fatal(err)
	}
	root, _ := s.Rootfs(t.Context(), img)
	list, err := s.Remove(t.Context(), "app:1", RemoveOptions{})
	if err != nil || len(list) != 1 || list[0].Untagged != "app:1" {
		t.Fatalf("first name: %v, %v", list, err)
	}
	list, err = s.Remove(t.Context(), "other/app:2", RemoveOptions{})
	if err != nil || !slices.Equal(untagged(list), []string{"other/app:2"}) || !deleted(list, img.ID) || !deleted(list, digest.Digest(img.ChainID())) {
		t.Fatalf("last name: %v, %v", list, err)
	}
	if _, err := s.Get(t.Context(), img.ID.String()); !errdefs.IsNotFound(err) {
		t.Errorf("image is still there: %v", err)
	}
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root.Base, root.Layers[0])); !os.IsNotExist(err) {
		t.Errorf("layer is still on disk: %v", err)
	}
	if _, err := s.store.Content.Info(s.store.Context(t.Context()), img.ID); !errdefs.IsNotFound(err) {
		t.Errorf("configuration is still in the store: %v", err)
	}
}

func TestSharedLayersStay(t *testing.T) {
	s := open(t)
	base := layer(t, file{name: "base", body: "b"})
	one := loaded(t, s, "one", image(t, v1.Config{}, base, layer(t, file{name: "1", body: "1"})))
	two := loaded(t, s, "two", image(t, v1.Config{}, base, layer(t, file{name: "2", body: "2"})))
	list, err := s.Remove(t.Context(), "one", RemoveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if deleted(list, one.DiffIDs[0]) || !deleted(list, digest.Digest(one.ChainID())) {
		t.Errorf("removed %v", list)
	}
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if read(t, s, two, "base") != "b" || read(t, s, two, "2") != "2" {
		t.Error("files of the other image are gone")
	}
}

func TestRemoveByIDTakesAllNamesOfOneRepository(t *testing.T) {
	s := open(t)
	img := loaded(t, s, "app:1", image(t, v1.Config{}))
	if err := s.Tag(t.Context(), "app:1", "app:2"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Remove(t.Context(), img.ShortID(), RemoveOptions{})
	if err == nil || !errdefs.IsConflict(err) || !strings.Contains(err.Error(), "(must be forced) - image is referenced in multiple repositories") {
		t.Errorf("two names: %v", err)
	}
	list, err := s.Remove(t.Context(), img.ShortID(), RemoveOptions{Force: true})
	if err != nil || !slices.Equal(untagged(list), []string{"app:1", "app:2"}) || !deleted(list, img.ID) {
		t.Errorf("forced: %v, %v", list, err)
	}
}

func TestContainersKeepTheirImage(t *testing.T) {
	s := open(t)
	img := loaded(t, s, "app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "1"})))
	stopped, running := User{Container: "0123456789abcdef"}, User{Container: "fedcba9876543210", Running: true}
	for _, c := range []struct {
		ref   string
		force bool
		user  User
		want  string
	}{
		{"app:1", false, stopped, `conflict: unable to remove repository reference "app:1" (must force) - container 0123456789ab is using its referenced image ` + img.ShortID()},
		{"app:1", false, running, `conflict: unable to remove repository reference "app:1" (must force) - container fedcba987654 is using its referenced image ` + img.ShortID()},
		{img.ShortID(), false, stopped, "conflict: unable to delete " + img.ShortID() + " (must be forced) - image is being used by stopped container 0123456789ab"},
		{img.ShortID(), true, running, "conflict: unable to delete " + img.ShortID() + " (cannot be forced) - image is being used by running container fedcba987654"},
	} {
		_, err := s.Remove(t.Context(), c.ref, RemoveOptions{Force: c.force, InUse: users(c.user)})
		if err == nil || !errdefs.IsConflict(err) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("remove %s: %v, want %s", c.ref, err, c.want)
		}
	}
	for _, u := range []User{stopped, running} { // as a prune does, which has counted before
		_, err := s.Remove(t.Context(), img.ID.String(), RemoveOptions{Force: true, Unused: true, InUse: users(u)})
		if left, gerr := s.Get(t.Context(), "app:1"); !errdefs.IsConflict(err) || gerr != nil || left.Removed {
			t.Errorf("only unused ones: %v, left %+v, %v", err, left, gerr)
		}
	}
	list, err := s.Remove(t.Context(), "app:1", RemoveOptions{Force: true, InUse: users(running)})
	if err != nil || !slices.Equal(untagged(list), []string{"app:1"}) || deleted(list, img.ID) {
		t.Errorf("by force from a running container: %v, %v", list, err)
	}
	if left, err := s.Get(t.Context(), img.ID.String()); err != nil || !left.Dangling() || left.Removed {
		t.Errorf("image of the running container: %+v, %v", left, err)
	}
}

// TestDamagedImagesCanBeRemoved: they are not listed, and can be named all the same.
func TestDamagedImagesCanBeRemoved(t *testing.T) {
	for _, by := range []string{"app:1", "ID", "short ID"} {
		dir := filepath.Join(t.TempDir(), "image")
		s, err := Open(t.Context(), Settings{Root: dir})
		if err != nil {
			t.Fatal(err)
		}
		img := loaded(t, s, "app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "1"})))
		good := loaded(t, s, "good:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "2"})))
		if err := s.Tag(t.Context(), "app:1", "app:2"); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "content", blobPath(img.Target.Digest)), []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		s = open(t, func(c *Settings) { c.Root = dir })
		ref := map[string]string{"ID": img.ID.String(), "short ID": img.ShortID()}[by]
		if ref == "" {
			ref = by
			if list, err := s.Remove(t.Context(), "app:2", RemoveOptions{}); err != nil || !slices.Equal(untagged(list), []string{"app:2"}) || deleted(list, img.ID) {
				t.Errorf("the first name: %v, %v", list, err)
			}
		}
		if _, err := s.Remove(t.Context(), ref, RemoveOptions{Force: true, InUse: users(User{Container: "0123456789abcdef"})}); !errdefs.IsConflict(err) {
			t.Errorf("by %s, although a container uses it: %v", by, err)
		}
		list, err := s.Remove(t.Context(), ref, RemoveOptions{})
		if err != nil || !deleted(list, img.ID) || len(untagged(list)) != map[bool]int{true: 1, false: 2}[ref == by] {
			t.Errorf("by %s: %v, %v", by, list, err)
		}
		if _, err := s.Remove(t.Context(), ref, RemoveOptions{}); !errdefs.IsNotFound(err) {
			t.Errorf("by %s, again: %v", by, err)
		}
		if read(t, s, good, "f") != "2" {
			t.Error("the other image is damaged too")
		}
		if _, err := s.Remove(t.Context(), "good:1", RemoveOptions{}); err != nil {
			t.Error(err)
		}
		nothingLeft(t, s)
	}
}

func TestForceLeavesTheLayersOfAStoppedContainer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "image")
	s, err := Open(t.Context(), Settings{Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	made := image(t, v1.Config{}, layer(t, file{name: "f", body: "1"}))
	img := loaded(t, s, "app:1", made)
	list, err := s.Remove(t.Context(), "app:1", RemoveOptions{Force: true, InUse: users(User{Container: "0123456789abcdef"})})
	if err != nil || !deleted(list, img.ID) {
		t.Fatalf("%v, %v", list, err)
	}
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, func(c *Settings) { c.Root = dir })
	if all, _ := s.List(t.Context(), ListOptions{}); len(all) != 0 {
		t.Errorf("it is listed: %v", all)
	}
	if _, err := s.Get(t.Context(), img.ShortID()); !errdefs.IsNotFound(err) {
		t.Errorf("its short ID finds it: %v", err)
	}
	hidden, err := s.Get(t.Context(), img.ID.String())
	if err != nil || !hidden.Removed || read(t, s, hidden, "f") != "1" {
		t.Fatalf("the container's image: %+v, %v", hidden, err)
	}
	if ids := s.RemovedInUse(); !slices.Equal(ids, []digest.Digest{img.ID}) {
		t.Errorf("removed and in use: %v", ids)
	}
	if back := loaded(t, s, "app:1", made); back.Removed {
		t.Error("loaded again, it is still taken for removed")
	}
	if _, err := s.Remove(t.Context(), "app:1", RemoveOptions{Force: true, InUse: users(User{Container: "0123456789abcdef"})}); err != nil {
		t.Fatal(err)
	}
	if err := s.Unuse(t.Context(), img.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), img.ID.String()); !errdefs.IsNotFound(err) {
		t.Errorf("after the last container: %v", err)
	}
}

func TestMovedNameLeavesADanglingImage(t *testing.T) {
	s := open(t)
	old := loaded(t, s, "app", image(t, v1.Config{Cmd: []string{"old"}}))
	loaded(t, s, "app", image(t, v1.Config{Cmd: []string{"new"}}))
	list, err := s.List(t.Context(), ListOptions{Filters: map[string][]string{"dangling": {"true"}}})
	if err != nil || len(list) != 1 || list[0].ID != old.ID {
		t.Errorf("dangling: %v, %v", list, err)
	}
	if list, _ := s.Remove(t.Context(), old.ID.String(), RemoveOptions{}); !deleted(list, old.ID) {
		t.Errorf("removed %v", list)
	}
}

func TestCollectionLeavesWhatIsBeingLoaded(t *testing.T) {
	s := open(t)
	b := dockerArchive(t, map[string]v1.Image{"app:1": image(t, v1.Config{}, layer(t, file{name: "f", body: "1"}), layer(t, file{name: "g", body: "2"}))})
	stop := make(chan struct{})
	collected := make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				collected <- nil
				return
			default:
			}
			if err := s.store.CollectNow(t.Context()); err != nil {
				collected <- err
				return
			}
		}
	}()
	for range 5 {
		if _, err := s.Load(t.Context(), bytes.NewReader(b), LoadOptions{}); err != nil {
			t.Error(err)
		}
		if _, err := s.Remove(t.Context(), "app:1", RemoveOptions{}); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-collected; err != nil {
		t.Error(err)
	}
}
