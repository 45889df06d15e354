package treecopy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// describe tells all of a tree that a copy keeps: one line a name.
func describe(t *testing.T, root string) string {
	t.Helper()
	var out strings.Builder
	first := map[uint64]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		fmt.Fprintf(&out, "%s %o %d:%d %d.%09d", name, st.Mode, st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec)
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if other, ok := first[st.Ino]; ok {
				fmt.Fprintf(&out, " is %s", other)
			} else if first[st.Ino] = name; true {
				fmt.Fprintf(&out, " %d names, %d bytes %.20q", st.Nlink, len(content), content)
			}
		case unix.S_IFLNK:
			aim, err := os.Readlink(path)
			if err != nil {
				return err
			}
			out.WriteString(" -> " + aim)
		case unix.S_IFCHR:
			fmt.Fprintf(&out, " device %d", st.Rdev)
		}
		value := make([]byte, 100)
		if n, err := unix.Lgetxattr(path, "trusted.test", value); err == nil {
			fmt.Fprintf(&out, " %q", value[:n])
		}
		out.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// tree makes a tree with one of everything.
func tree(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("owners and devices need root")
	}
	root := filepath.Join(t.TempDir(), "tree")
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, "deep/er"), 0o755))
	for i := range 3*share + 1 {
		must(os.WriteFile(filepath.Join(root, "deep", fmt.Sprint("many", i)), []byte(strings.Repeat(fmt.Sprint(i), i)), 0o644))
	}
	must(os.WriteFile(filepath.Join(root, "large"), make([]byte, 2*bufferSize+3), 0o600))
	must(os.WriteFile(filepath.Join(root, "empty"), nil, 0o444))
	must(os.WriteFile(filepath.Join(root, "owned"), []byte("1"), 0o755))
	must(os.Chown(filepath.Join(root, "owned"), 7, 8))
	must(unix.Chmod(filepath.Join(root, "owned"), 0o6755))
	must(os.Link(filepath.Join(root, "owned"), filepath.Join(root, "deep/owned-too")))
	must(os.Symlink("../owned", filepath.Join(root, "deep/link")))
	must(os.Symlink("/nowhere", filepath.Join(root, "broken")))
	must(os.Lchown(filepath.Join(root, "broken"), 9, 9))
	must(unix.Mkfifo(filepath.Join(root, "fifo"), 0o622))
	must(unix.Mknod(filepath.Join(root, "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	must(unix.Setxattr(filepath.Join(root, "empty"), "trusted.test", []byte("of a file"), 0))
	must(unix.Setxattr(filepath.Join(root, "deep"), "trusted.test", []byte("of a folder"), 0))
	must(os.Chown(filepath.Join(root, "deep"), 5, 6))
	must(unix.Chmod(filepath.Join(root, "deep"), 0o2555)) // what is made in it is its group's
	long := time.Unix(1e9, 123456789)
	for _, name := range []string{"large", "owned", "null", "deep/er", "deep", ""} {
		must(os.Chtimes(filepath.Join(root, name), long, long))
	}
	return root
}

// TestACopyIsAsWhatIsCopied is about everything that a file has, in a folder that is new and in one that has other things by the same names.
func TestACopyIsAsWhatIsCopied(t *testing.T) {
	from := tree(t)
	want := describe(t, from)
	to := t.TempDir()
	if err := os.Chmod(to, 0o755); err != nil { // the folder itself keeps its mode
		t.Fatal(err)
	}
	if err := Contents(context.Background(), from, to, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := describe(t, to); got != want {
		t.Errorf("the copy is\n%s\nand not\n%s", got, want)
	}
	// Once more, over a file that is another's as well, a link and a pipe.
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("stays"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(string) error{
		"large":      func(p string) error { return os.Link(outside, p) },
		"empty":      func(p string) error { return os.Symlink(outside, p) },
		"deep/many5": func(p string) error { return syscall.Mkfifo(p, 0o600) },
	} {
		place := filepath.Join(to, name)
		if err := errors.Join(os.Remove(place), put(place)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Contents(context.Background(), from, to, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := describe(t, to); got != want {
		t.Errorf("copied again, it is\n%s\nand not\n%s", got, want)
	}
	if kept, err := os.ReadFile(outside); err != nil || string(kept) != "stays" {
		t.Errorf("what was replaced under one of its names is %q, %v", kept, err)
	}
}

// TestACopyIsOwnedByWhomItIsFor is about COPY --chown; what was in the target keeps its owner.
func TestACopyIsOwnedByWhomItIsFor(t *testing.T) {
	from, to := tree(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(to, "older"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Contents(context.Background(), from, to, Options{Owner: &Owner{33, 44}}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(describe(t, to)), "\n") {
		name := strings.Fields(line)[0]
		theirs := strings.HasPrefix(line, "/") && name != "/older"
		if theirs != strings.Contains(line, " 33:44 ") {
			t.Errorf("%s", line)
		}
	}
	if !strings.Contains(describe(t, to), "/owned 106755 ") {
		t.Error("its mode is another")
	}
}

// TestFoldersAndFilesDoNotReplaceOneAnother: neither becomes the other, and the error has no names of the host's.
func TestFoldersAndFilesDoNotReplaceOneAnother(t *testing.T) {
	for name, put := range map[string]func(from, to string) error{
		"a file onto a folder": func(from, to string) error {
			return errors.Join(os.WriteFile(filepath.Join(from, "x"), nil, 0o600), os.Mkdir(filepath.Join(to, "x"), 0o700))
		},
		"a link onto a folder": func(from, to string) error {
			return errors.Join(os.Symlink("y", filepath.Join(from, "x")), os.Mkdir(filepath.Join(to, "x"), 0o700))
		},
		"a folder onto a file": func(from, to string) error {
			return errors.Join(os.Mkdir(filepath.Join(from, "x"), 0o700), os.WriteFile(filepath.Join(to, "x"), nil, 0o600))
		},
		"a folder onto a link to a folder": func(from, to string) error {
			return errors.Join(os.Mkdir(filepath.Join(from, "x"), 0o700), os.Symlink(from, filepath.Join(to, "x")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			if err := put(from, to); err != nil {
				t.Fatal(err)
			}
			err := Contents(context.Background(), from, to, Options{})
			if of := new(fs.PathError); !errors.As(err, &of) || of.Path != "/x" || strings.Contains(err.Error(), to) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestAFileGetsAnotherName is about the copy of one file, and of a link as what it is.
func TestAFileGetsAnotherName(t *testing.T) {
	from, to := tree(t), t.TempDir()
	for _, name := range []string{"owned", "broken", "large"} {
		if err := File(context.Background(), filepath.Join(from, name), to, "new-"+name, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	got := describe(t, to)
	for _, want := range []string{"/new-owned 106755 7:8 1000000000.123456789 1 names, 1 bytes \"1\"\n", "/new-broken 120777 9:9 ", " -> /nowhere\n", "/new-large 100600 0:0 1000000000.123456789 1 names, 524291 bytes"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}

// TestACopyEndsWithItsContext leaves nothing going on.
func TestACopyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	gone := errors.New("the client has gone")
	cancel(gone)
	if err := Contents(ctx, tree(t), t.TempDir(), Options{}); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}
