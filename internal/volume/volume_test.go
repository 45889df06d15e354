package volume

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
)

// keeper keeps records in memory, as JSON, and fails when it is told to.
type keeper struct {
	kept map[string][]byte
	fail error
}

func (k *keeper) Put(key string, v any) error {
	data, err := json.Marshal(v)
	if err = errors.Join(err, k.fail); err == nil {
		k.kept[key] = data
	}
	return err
}

func (k *keeper) Delete(key string) error {
	delete(k.kept, key)
	return k.fail
}

func (k *keeper) Load(fn func(key string, decode func(v any) error) error) error {
	for key, data := range k.kept {
		if err := fn(key, func(v any) error { return json.Unmarshal(data, v) }); err != nil {
			return err
		}
	}
	return nil
}

func openWith(t *testing.T) (*Volumes, *keeper, string) {
	t.Helper()
	k, root := &keeper{kept: map[string][]byte{}}, filepath.Join(t.TempDir(), "volumes")
	v, err := Open(root, k)
	if err != nil {
		t.Fatal(err)
	}
	return v, k, root
}

func TestVolumesComeBack(t *testing.T) {
	v, k, root := openWith(t)
	vol, fresh, err := v.Create(Wish{Name: "data", Labels: map[string]string{"a": "b"}})
	if err != nil || !fresh || vol.Driver != "local" || vol.Anonymous {
		t.Fatalf("got %+v, %t, %v", vol, fresh, err)
	}
	if err := os.WriteFile(filepath.Join(vol.Path, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(root, k)
	if err != nil {
		t.Fatal(err)
	}
	got, fresh, err := again.Create(Wish{Name: "data", Driver: "local"})
	if err != nil || fresh || got.Path != vol.Path || got.Labels["a"] != "b" {
		t.Errorf("got %+v, %t, %v", got, fresh, err)
	}
	if _, err := os.Stat(filepath.Join(got.Path, "kept")); err != nil {
		t.Error(err)
	}
}

func TestAnonymousVolume(t *testing.T) {
	v, _, _ := openWith(t)
	a, _, err := v.Create(Wish{Name: ""})
	if err != nil || len(a.Name) != 64 || !a.Anonymous {
		t.Fatalf("got %+v, %v", a, err)
	}
	if b, _, _ := v.Create(Wish{Name: ""}); a.Name == b.Name {
		t.Error("two have one name")
	}
}

// TestNamesLeadNowhereElse refuses every name that is a path.
func TestNamesLeadNowhereElse(t *testing.T) {
	v, _, _ := openWith(t)
	for _, name := range []string{"../x", "..", ".", "a/b", "/x", "-x", ".x", "x", "a\nb", "a b", "é1"} {
		if _, _, err := v.Create(Wish{Name: name}); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, _, err := v.Create(Wish{Name: "data", Driver: "nfs"}); !errdefs.IsNotFound(err) {
		t.Errorf("an unknown driver: %v", err)
	}
}

// TestVolumesOfOthersAreOutOfReach holds that the host's users cannot list what a volume holds (CVE-2021-41091).
func TestVolumesOfOthersAreOutOfReach(t *testing.T) {
	v, _, root := openWith(t)
	vol, _, err := v.Create(Wish{Name: "data"})
	if err != nil {
		t.Fatal(err)
	}
	for path, most := range map[string]os.FileMode{root: 0o710, filepath.Dir(vol.Path): 0o711} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&^most != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestRemove(t *testing.T) {
	v, k, root := openWith(t)
	vol, _, err := v.Create(Wish{Name: "data"})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Remove("data", nobody); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(vol.Path); !os.IsNotExist(err) || len(k.kept) > 0 {
		t.Errorf("left: %v, %v", err, k.kept)
	}
	if err := v.Remove("data", nobody); !errdefs.IsNotFound(err) {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := v.Get("data"); !errdefs.IsNotFound(err) {
		t.Errorf("it is there: %v", err)
	}
	if left, _ := os.ReadDir(root); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestWhatCannotBeKeptIsNotThere leaves no folder of a volume whose record could not be written.
func TestWhatCannotBeKeptIsNotThere(t *testing.T) {
	v, k, root := openWith(t)
	k.fail = errors.New("disk full")
	if _, _, err := v.Create(Wish{Name: "data"}); !errors.Is(err, k.fail) {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(root); len(left) > 0 || len(v.List()) > 0 {
		t.Errorf("left: %v, %v", left, v.List())
	}
}

// TestManyAtOnce creates and removes from many sides; each name is made fresh once.
func TestManyAtOnce(t *testing.T) {
	v, _, _ := openWith(t)
	var all sync.WaitGroup
	made := make([]int, 8)
	var mu sync.Mutex
	for range 4 {
		for i := range made {
			all.Go(func() {
				if _, fresh, err := v.Create(Wish{Name: fmt.Sprint("vol", i)}); err != nil {
					t.Error(err)
				} else if fresh {
					mu.Lock()
					made[i]++
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	if slices.Max(made) != 1 || slices.Min(made) != 1 {
		t.Errorf("made fresh: %v times", made)
	}
	var removed int
	for range 4 {
		all.Go(func() {
			if v.Remove("vol0", nobody) == nil {
				mu.Lock()
				removed++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if removed != 1 {
		t.Errorf("one volume was removed %d times", removed)
	}
	var names []string
	for _, vol := range v.List() {
		names = append(names, vol.Name)
	}
	if want := []string{"vol1", "vol2", "vol3", "vol4", "vol5", "vol6", "vol7"}; !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
}
