package beneath

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// nested makes folders in one another, each of the same name, and a file in the last.
func nested(t *testing.T, dir, name string, depth int) {
	t.Helper()
	at, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for range depth {
		if err == nil {
			err = unix.Mkdirat(at, name, 0o755)
		}
		next := -1
		if err == nil {
			next, err = unix.Openat(at, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		}
		unix.Close(at)
		at = next
	}
	if err == nil {
		err = unix.Mknodat(at, "last", unix.S_IFREG|0o644, 0)
	}
	unix.Close(at)
	if err != nil {
		t.Fatal(err)
	}
}

// TestWalkGoesAsDeepAsPathsGo nests folders deeper than a path can be long: what is in reach is visited, and what is beside them too.
func TestWalkGoesAsDeepAsPathsGo(t *testing.T) {
	fd, dir := folderWith(t, "z/after", "d/y")
	nested(t, filepath.Join(dir, "d"), "d", 3000)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = 100
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	visited := map[string]bool{}
	err := Walk(fd, ".", func(name string, _ int, _ *unix.Stat_t) (bool, error) {
		visited[name] = true
		return true, nil
	})
	if !errors.Is(err, ErrTooDeep) || !errors.Is(err, unix.ENAMETOOLONG) {
		t.Errorf("%v", err)
	}
	deepest := strings.Repeat("d/", unix.PathMax/2-1) + "d" // 4,095 bytes
	for _, name := range []string{"d/y", "z/after", deepest} {
		if !visited[name] {
			t.Errorf("not visited: %.20s, of %d bytes", name, len(name))
		}
	}
	files := 0
	if err := Each(fd, func(st *unix.Stat_t) error {
		if st.Mode&unix.S_IFMT == unix.S_IFREG {
			files++
		}
		return nil
	}); err != nil || files != 3 {
		t.Errorf("each is visited: %d files, %v", files, err)
	}
}

// TestWalkFindsItsWayBack moves the folder that is visited, so that what is above it is another folder.
func TestWalkFindsItsWayBack(t *testing.T) {
	fd, dir := folderWith(t, "a/b/c/1", "a/b/d", "a/e", "other/secret/f")
	var got []string
	err := Walk(fd, ".", func(name string, _ int, _ *unix.Stat_t) (bool, error) {
		got = append(got, name)
		if name == "a/b/c/1" {
			return false, os.Rename(filepath.Join(dir, "a/b/c"), filepath.Join(dir, "other/secret/c"))
		}
		return name != "other", nil
	})
	if want := []string{".", "a", "a/b", "a/b/c", "a/b/c/1", "a/b/d", "a/e", "other"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("visited %v, %v", got, err)
	}
	got = nil
	err = Walk(fd, "a", func(name string, _ int, _ *unix.Stat_t) (bool, error) {
		got = append(got, name)
		if name == "a/b/d" {
			return false, os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "other/secret/a"))
		}
		return true, nil
	})
	if want := []string{"a", "a/b", "a/b/d", "a/e"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("visited %v, %v", got, err)
	}
	missing := errors.Join(errors.New("of visit"), unix.ENOENT)
	if err := Walk(fd, "other", func(string, int, *unix.Stat_t) (bool, error) { return false, missing }); err != missing {
		t.Errorf("%v", err)
	}
}
