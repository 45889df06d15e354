package archive

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCopiesAreTheSameFiles holds that a copy has what the folder has, owner and mode of the folder itself included.
func TestCopiesAreTheSameFiles(t *testing.T) {
	from, source := treeOf(t)
	to, target := treeOf(t)
	folder := filepath.Join(source, "data")
	must(t, os.MkdirAll(filepath.Join(folder, "sub"), 0o755), os.WriteFile(filepath.Join(folder, "sub/f"), []byte("text"), 0o640),
		os.Symlink("/elsewhere", filepath.Join(folder, "link")), os.Link(filepath.Join(folder, "sub/f"), filepath.Join(folder, "again")),
		unix.Mknod(filepath.Join(folder, "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))),
		os.Chown(filepath.Join(folder, "sub/f"), 7, 8), os.Chmod(filepath.Join(folder, "sub/f"), 0o640|os.ModeSetuid),
		unix.Setxattr(filepath.Join(folder, "sub/f"), "user.note", []byte("x"), 0),
		os.Chown(folder, 5, 6), os.Chmod(folder, 0o770|os.ModeSticky), os.Symlink("data", filepath.Join(source, "way")))
	must(t, from.CopyTo(t.Context(), to, "/way"))
	for _, name := range []string{".", "sub", "sub/f", "again", "link", "null"} {
		var was, is unix.Stat_t
		must(t, unix.Lstat(filepath.Join(folder, name), &was), unix.Lstat(filepath.Join(target, name), &is))
		if was.Mode != is.Mode || was.Uid != is.Uid || was.Gid != is.Gid || was.Rdev != is.Rdev || was.Mode&unix.S_IFMT != unix.S_IFDIR && was.Nlink != is.Nlink || name != "." && was.Mtim != is.Mtim {
			t.Errorf("%s is %+v, was %+v", name, is, was)
		}
	}
	value := make([]byte, 10)
	if n, err := unix.Getxattr(filepath.Join(target, "again"), "user.note", value); err != nil || string(value[:n]) != "x" {
		t.Errorf("its attribute is %q, %v", value[:max(n, 0)], err)
	}
	if to, err := os.Readlink(filepath.Join(target, "link")); to != "/elsewhere" {
		t.Errorf("the link leads to %s, %v", to, err)
	}
	if err := from.CopyTo(t.Context(), to, "/data/again"); err == nil {
		t.Error("a file was copied as a folder")
	}
}

// TestCopiesStayInTheTree copies over links that somebody has put in the place of folders and files since it was seen that nothing is there.
func TestCopiesStayInTheTree(t *testing.T) {
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	from, source := treeOf(t)
	must(t, os.MkdirAll(filepath.Join(source, "x"), 0o777), os.WriteFile(filepath.Join(source, "x/secret"), []byte("overwritten"), 0o666),
		os.WriteFile(filepath.Join(source, "f"), []byte("overwritten"), 0o666), os.WriteFile(filepath.Join(source, "x/new"), nil, 0o666))
	to, target := treeOf(t)
	must(t, os.Symlink(outside, filepath.Join(target, "x")), os.Symlink(secret, filepath.Join(target, "f")))
	must(t, from.CopyTo(t.Context(), to, "/"))
	names, _ := filepath.Glob(outside + "/*")
	info, err := os.Stat(secret)
	text, _ := os.ReadFile(secret)
	if must(t, err); string(text) != "secret" || info.Mode().Perm() != 0o600 || len(names) != 1 {
		t.Errorf("outside there is %v, with %q, %v", names, text, info.Mode())
	}
	if text, _ := os.ReadFile(filepath.Join(target, "x/secret")); string(text) != "overwritten" {
		t.Errorf("in the tree there is %q", text)
	}
}
