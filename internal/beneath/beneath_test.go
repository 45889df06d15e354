package beneath

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func folderWith(t *testing.T, names ...string) (int, string) {
	t.Helper()
	dir := t.TempDir()
	for _, n := range names {
		path := filepath.Join(dir, n)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd, dir
}

func TestOpenGoesNowhereElse(t *testing.T) {
	fd, dir := folderWith(t, "d/f", "etc/passwd")
	for name, to := range map[string]string{"abs": "/etc/passwd", "up": "../../../../../etc/passwd", "magic": "/proc/self/root"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		how  uint64
		want error
	}{
		{"abs", Within, nil},
		{"up", Within, nil},
		{"../../etc/passwd", Within, nil},
		{"abs", Direct, unix.ELOOP},
		{"d/../../x", Direct, unix.EXDEV},
		{"magic", Within, unix.ENOENT},
		{"/d/f", Direct, nil},
		{"", Direct, nil},
	} {
		got, err := Open(fd, c.name, unix.O_PATH, 0, c.how)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
			continue
		}
		if err != nil {
			continue
		}
		if where, _ := os.Readlink(Handle(got)); !inside(where, dir) {
			t.Errorf("%s led to %s", c.name, where)
		}
		unix.Close(got)
	}
	if _, err := Open(fd, "proc/self/root", unix.O_PATH, 0, Within); !Absent(err) {
		t.Errorf("%v", err)
	}
}

func inside(path, dir string) bool {
	return path == dir || len(path) > len(dir) && path[:len(dir)+1] == dir+"/"
}

func TestWalkVisitsInOrderAndFollowsNothing(t *testing.T) {
	fd, dir := folderWith(t, "b/2", "b/1", "a", "skipped/x", "gone")
	if err := os.Symlink("b", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := Walk(fd, ".", func(name string, _ int, st *unix.Stat_t) (bool, error) {
		got = append(got, name)
		if name == "a" {
			os.Remove(filepath.Join(dir, "gone"))
		}
		return name != "skipped", nil
	})
	want := []string{".", "a", "b", "b/1", "b/2", "link", "skipped"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("visited %v, %v", got, err)
	}
	broken := errors.New("broken")
	if err := Walk(fd, ".", func(string, int, *unix.Stat_t) (bool, error) { return false, broken }); err != broken {
		t.Errorf("%v", err)
	}
	if err := Walk(fd, "none", nil); err != nil {
		t.Errorf("what is not there: %v", err)
	}
}
