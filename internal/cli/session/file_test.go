package session

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteFileIsAllOrNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	link := filepath.Join(folder, "link")
	if err := os.Symlink("f", link); err != nil {
		t.Fatal(err)
	}
	put := func(text string, fail error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, _ = io.WriteString(w, text)
			return fail
		}
	}
	broken := errors.New("broken")
	for _, step := range []struct {
		path, text string
		fail       error
		want       string
	}{
		{path, "half", broken, ""},
		{path, "one", nil, "one"},
		{path, "half", broken, "one"},
		{link, "two", nil, "two"},
	} {
		if err := WriteFile(step.path, put(step.text, step.fail)); !errors.Is(err, step.fail) {
			t.Errorf("%s: %v", step.text, err)
		}
		if data, _ := os.ReadFile(path); string(data) != step.want {
			t.Errorf("after %q: %q", step.text, data)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link: %v, %v", info, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode: %v, %v", info, err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 2 {
		t.Errorf("left over: %v", entries)
	}
	if err := WriteFile(os.DevNull, put("x", nil)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Error("the device was replaced")
	}
	for _, c := range []struct{ path, says string }{
		{folder, "is a directory: name a file"},
		{filepath.Join(folder, "nosuch", "f"), "directory \"" + filepath.Join(folder, "nosuch") + "\" does not exist"},
		{"/proc/f", "open /proc/f: "},
	} {
		if err := WriteFile(c.path, put("x", nil)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
}
