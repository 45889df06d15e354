package overlay_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
	"tug/internal/overlay"
)

// TestAnUpperFolderSaysWhatIsOfItsOwn: folders that were copied up for what is in them, and marks of what was never below, are left out of a layer.
func TestAnUpperFolderSaysWhatIsOfItsOwn(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("making whiteouts needs root")
	}
	root := t.TempDir()
	put := func(name string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(root, name)
		var err error
		switch {
		case mode&os.ModeDevice != 0:
			err = unix.Mknod(path, unix.S_IFCHR, 0)
		case mode.IsDir():
			err = errors.Join(os.Mkdir(path, 0o755), os.Chmod(path, mode.Perm()))
		default:
			err = os.WriteFile(path, nil, mode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	folder, gone := os.ModeDir|0o755, os.ModeDevice
	layer := func(number string, files map[string]os.FileMode) {
		t.Helper()
		for _, name := range slices.Sorted(maps.Keys(files)) {
			put(number+strings.TrimSuffix(name, "/"), files[name])
		}
	}
	layer("1", map[string]os.FileMode{"/": folder, "/etc": folder, "/etc/passwd": 0o644, "/home": folder, "/home/me": folder, "/old": 0o644, "/opt": folder, "/opt/a": 0o644})
	layer("2", map[string]os.FileMode{
		"/": folder, "/etc": folder, "/etc/passwd": 0o644, "/home": os.ModeDir | 0o700, "/home/me": folder, "/home/me/new": folder, "/home/me/new/file": 0o600,
		"/old": gone, "/never": gone, "/home/me/never": gone, "/opt": folder, "/opt/a": 0o644, "/opt/never": gone,
	})
	top, err := unix.Open(filepath.Join(root, "2"), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(top)
	if err := overlay.SetOpaque(top, "opt"); err != nil {
		t.Fatal(err)
	}
	said := func(below ...string) map[string]bool {
		says := map[string]bool{}
		u := overlay.NewUpper(below)
		err := beneath.Walk(top, ".", func(name string, fd int, st *unix.Stat_t) (bool, error) {
			if name == "." {
				return true, nil
			}
			ok, err := u.Says(name, fd, st)
			if ok {
				says[name] = true
			}
			return true, err
		})
		if err != nil {
			t.Fatal(err)
		}
		return says
	}
	for _, c := range []struct {
		below []string
		want  string
	}{
		{[]string{filepath.Join(root, "1")}, "etc/passwd home home/me/new home/me/new/file old opt opt/a"},
		{nil, "etc etc/passwd home home/me home/me/new home/me/new/file opt opt/a"}, // the first layer
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(said(c.below...))), " "); got != c.want {
			t.Errorf("on %d layers it says %q, and not %q", len(c.below), got, c.want)
		}
	}
}
