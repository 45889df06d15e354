package tarfs

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// entry is what an archive of a test has; the header's size is that of text unless it says one.
type entry struct {
	tar.Header
	text string
}

func file(name, text string) entry {
	return entry{tar.Header{Name: name, Mode: 0o644, Typeflag: tar.TypeReg}, text}
}

func archiveOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if e.Size == 0 {
			e.Size = int64(len(e.text))
		}
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// listed is what a walk shows, a line for each: mode, name, and what it holds or leads to.
func listed(t testing.TB, f fsutil.FS, target string) []string {
	t.Helper()
	var list []string
	err := f.Walk(context.Background(), target, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprint(info.Mode(), " ", name)
		if st := info.Sys().(*types.Stat); st.Linkname != "" {
			line += " -> " + st.Linkname
		} else if info.Mode().IsRegular() {
			r, err := f.Open(name)
			if err != nil {
				return err
			}
			defer r.Close()
			text, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			if int64(len(text)) != info.Size() {
				t.Errorf("%s has %d bytes and not %d", name, len(text), info.Size())
			}
			line += " " + string(text)
		}
		list = append(list, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(t testing.TB, archive []byte) *FS {
	t.Helper()
	f, err := Read(bytes.NewReader(archive), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestShowsWhatIsInTheArchiveInOrder(t *testing.T) {
	f := read(t, archiveOf(
		t, file("b", "old"), file("./a/x/deep", "1"), entry{Header: tar.Header{Name: "a/", Mode: 0o700, Typeflag: tar.TypeDir}}, file("/a.b", "2"),
		entry{Header: tar.Header{Name: "z", Linkname: "b", Typeflag: tar.TypeLink}},
		entry{Header: tar.Header{Name: "link", Linkname: "../../etc/passwd", Typeflag: tar.TypeSymlink}},
		entry{Header: tar.Header{Name: "pipe", Mode: 0o600, Typeflag: tar.TypeFifo}},
		entry{tar.Header{Name: "b", Mode: 0o4755, Typeflag: tar.TypeReg}, "new"},
	))
	want := []string{
		"drwx------ a", "drwxr-xr-x a/x", "-rw-r--r-- a/x/deep 1", "-rw-r--r-- a.b 2", "urwxr-xr-x b new", "L--------- link -> ../../etc/passwd", "prw------- pipe", "-rw-r--r-- z old",
	}
	if diff := cmp.Diff(want, listed(t, f, "")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"drwxr-xr-x a/x", "-rw-r--r-- a/x/deep 1"}, listed(t, f, "a/x")); diff != "" {
		t.Error(diff)
	}
	if err := f.Walk(t.Context(), "none", func(_ string, _ fs.DirEntry, err error) error { return err }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a walk of what is not there: %v", err)
	}
}

func TestFilesWithTheSameContentAreLinks(t *testing.T) {
	f := read(t, archiveOf(t, file("b", "x"), entry{Header: tar.Header{Name: "a", Linkname: "b", Typeflag: tar.TypeLink}}))
	if diff := cmp.Diff([]string{"-rw-r--r-- a x", "-rw-r--r-- b -> a"}, listed(t, f, "/")); diff != "" {
		t.Error(diff)
	}
}

func TestAttributesOfTheHostStayOut(t *testing.T) {
	f := read(t, archiveOf(t, entry{tar.Header{Name: "a", Typeflag: tar.TypeReg, ModTime: time.Unix(7, 5), PAXRecords: map[string]string{
		"SCHILY.xattr.user.mine": "1", "SCHILY.xattr.security.capability": "2", "SCHILY.xattr.trusted.overlay.opaque": "y", "SCHILY.xattr.security.selinux": "z",
	}}, ""}))
	st := f.lookup([]string{"a"}).stat
	if diff := cmp.Diff(map[string][]byte{"user.mine": []byte("1"), "security.capability": []byte("2")}, st.Xattrs); diff != "" {
		t.Error(diff)
	}
	if st.ModTime != 7e9 {
		t.Errorf("its time is %d", st.ModTime)
	}
}

func TestRefusesWhatIsHostile(t *testing.T) {
	whole := archiveOf(t, file("a", strings.Repeat("x", 5000)))
	for name, c := range map[string]struct {
		archive []byte
		words   string
	}{
		"a name that leads out":              {archiveOf(t, file("../x", "")), "leads out"},
		"a name that leads out later":        {archiveOf(t, file("a/../../x", "")), "leads out"},
		"through a link":                     {archiveOf(t, entry{Header: tar.Header{Name: "etc", Linkname: "/etc", Typeflag: tar.TypeSymlink}}, file("etc/passwd", "")), "no folder"},
		"through a file":                     {archiveOf(t, file("a", ""), file("a/b", "")), "no folder"},
		"a hard link out":                    {archiveOf(t, entry{Header: tar.Header{Name: "a", Linkname: "../etc/shadow", Typeflag: tar.TypeLink}}), "leads out"},
		"a hard link to what is not there":   {archiveOf(t, entry{Header: tar.Header{Name: "a", Linkname: "/etc/shadow", Typeflag: tar.TypeLink}}), "no file of the archive"},
		"a hard link to a folder":            {archiveOf(t, file("d/a", ""), entry{Header: tar.Header{Name: "a", Linkname: "d", Typeflag: tar.TypeLink}}), "no file of the archive"},
		"a device":                           {archiveOf(t, entry{Header: tar.Header{Name: "sda", Typeflag: tar.TypeBlock, Devmajor: 8}}), "is a device"},
		"a file in the place of all":         {archiveOf(t, file(".", "")), "folder of all"},
		"an archive that is cut in a file":   {whole[:2000], "not the whole of one"},
		"an archive that is cut in a header": {whole[:300], "not the whole of one"},
		"no archive":                         {bytes.Repeat([]byte("FROM busybox\n"), 100), "no tar archive"},
		"a deep name":                        {archiveOf(t, file(strings.Repeat("a/", 1500)+"a", "")), "folders deep"},
		"a long name":                        {archiveOf(t, file(strings.Repeat("a", 5000), "")), "name of a file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := Read(bytes.NewReader(c.archive), dir)
			if !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%v, which does not say %q", err, c.words)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

func TestRefusesWhatTheDiskHasNoRoomFor(t *testing.T) {
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: 1 << 55}); err != nil {
		t.Fatal(err)
	}
	_, err := Read(&b, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "to spare") {
		t.Error(err)
	}
}

// FuzzRead feeds archives to the reader: what it takes can be walked in the order that BuildKit asks for, with names that stay inside, and be read.
func FuzzRead(f *testing.F) {
	f.Add(archiveOf(f, file("a/b", "x"), file("a.c", "y"), entry{Header: tar.Header{Name: "l", Linkname: "a/b", Typeflag: tar.TypeLink}}))
	f.Add(archiveOf(f, entry{Header: tar.Header{Name: "s", Linkname: "..", Typeflag: tar.TypeSymlink}}, file("s", "replaced")))
	f.Add([]byte("FROM busybox"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, archive []byte) {
		files, err := Read(bytes.NewReader(archive), dir)
		if err != nil {
			return
		}
		defer files.Close()
		var order fsutil.Validator
		var links fsutil.Hardlinks
		err = files.Walk(t.Context(), "", func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !filepath.IsLocal(name) || slices.Contains(strings.Split(name, "/"), "..") {
				t.Errorf("the name %q leads out", name)
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if info.Mode()&fs.ModeDevice != 0 {
				t.Errorf("%q is a device", name)
			}
			return errors.Join(order.HandleChange(fsutil.ChangeKindAdd, name, info, nil), links.HandleChange(fsutil.ChangeKindAdd, name, info, nil))
		})
		if err != nil {
			t.Error(err)
		}
		listed(t, files, "")
	})
}
