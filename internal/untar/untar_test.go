package untar

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/overlay"
)

// entry is one header of an archive with its content.
type entry struct {
	tar.Header
	body string
}

func file(name, body string) entry {
	return entry{tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(body)), ModTime: time.Unix(1e9, 5)}, body}
}

func folder(name string) entry {
	return entry{Header: tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755, ModTime: time.Unix(1e9, 5)}}
}

func link(name, target string, kind byte) entry {
	return entry{Header: tar.Header{Name: name, Linkname: target, Typeflag: kind, Mode: 0o644, ModTime: time.Unix(1e9, 5)}}
}

func archived(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := e.Header
		if h.Format == tar.FormatUnknown {
			h.Format = tar.FormatPAX
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack unpacks the entries into a new folder.
func unpack(t *testing.T, overlay bool, entries ...entry) (dir string, implied []string, err error) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("owners, devices and overlay's attributes need root")
	}
	dir = t.TempDir()
	found, err := Layer(t.Context(), dir, bytes.NewReader(archived(t, entries...)), overlay)
	return dir, found.Implied, err
}

func stat(t *testing.T, path string) unix.Stat_t {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return st
}

func opaque(path string) bool {
	n, err := unix.Lgetxattr(path, "trusted.overlay.opaque", make([]byte, 4))
	return err == nil && n == 1
}

func TestEverythingHasItsOwnerModeAndTimes(t *testing.T) {
	odd := file("d/setid", "x")
	odd.Mode, odd.Uid, odd.Gid = 0o6755, 7, 8
	odd.PAXRecords = map[string]string{archive.AttributeRecord + "security.capability": "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", archive.AttributeRecord + "user.a": "b"}
	all := file("d/all", strings.Repeat("long", blockSize))
	all.Mode = 0o777
	setgid := folder("g")
	setgid.Mode, setgid.Gid = 0o2770, 9
	fifo := link("d/fifo", "", tar.TypeFifo)
	fifo.Mode = 0o622
	char := link("d/null", "", tar.TypeChar)
	char.Devmajor, char.Devminor, char.Mode = 1, 3, 0o666
	sym := link("d/sym", "../nowhere", tar.TypeSymlink)
	sym.Uid = 5
	sticky := folder("tmp/")
	sticky.Mode = 0o1777
	dir, implied, err := unpack(t, false, folder("."), folder("d/"), odd, all, link("d/hard", "d/all", tar.TypeLink), setgid, file("g/inherits", ""), fifo, char, sym, sticky)
	if err != nil || len(implied) > 0 {
		t.Fatal(implied, err)
	}
	for name, want := range map[string]struct {
		mode     uint32
		uid, gid uint32
		size     int64
	}{
		"d": {unix.S_IFDIR | 0o755, 0, 0, -1}, "d/setid": {unix.S_IFREG | 0o6755, 7, 8, 1}, "d/all": {unix.S_IFREG | 0o644, 0, 0, 4 * blockSize},
		"d/hard": {unix.S_IFREG | 0o644, 0, 0, 4 * blockSize}, "g": {unix.S_IFDIR | 0o2770, 0, 9, -1}, "g/inherits": {unix.S_IFREG | 0o644, 0, 0, 0},
		"d/fifo": {unix.S_IFIFO | 0o622, 0, 0, 0}, "d/null": {unix.S_IFCHR | 0o666, 0, 0, 0}, "d/sym": {unix.S_IFLNK | 0o777, 5, 0, 10}, "tmp": {unix.S_IFDIR | 0o1777, 0, 0, -1},
	} {
		st := stat(t, filepath.Join(dir, name))
		if st.Mode != want.mode || st.Uid != want.uid || st.Gid != want.gid || want.size >= 0 && st.Size != want.size || st.Mtim.Sec != 1e9 || st.Mtim.Nsec != 5 {
			t.Errorf("%s: mode %o, owner %d:%d, %d bytes, %v; want %+v", name, st.Mode, st.Uid, st.Gid, st.Size, st.Mtim, want)
		}
	}
	for attr, size := range map[string]int{"security.capability": 20, "user.a": 1} {
		if n, err := unix.Lgetxattr(filepath.Join(dir, "d/setid"), attr, make([]byte, 100)); n != size {
			t.Errorf("%s: %d bytes, %v", attr, n, err)
		}
	}
}

func TestLaterEntriesReplaceEarlierOnes(t *testing.T) {
	for name, c := range map[string]struct {
		entries []entry
		want    string // the content of "a" or "a/f"
	}{
		"file by file":             {[]entry{file("a", "old"), file("a", "new")}, "new"},
		"file by folder":           {[]entry{file("a", "old"), folder("a"), file("a/f", "new")}, "new"},
		"folder by file":           {[]entry{folder("a"), file("a/x/y", "old"), file("a", "new")}, "new"},
		"folder by itself":         {[]entry{folder("a"), file("a/f", "kept"), folder("a")}, "kept"},
		"link by file":             {[]entry{file("b", "other"), link("a", "b", tar.TypeSymlink), file("a", "new")}, "new"},
		"link by folder":           {[]entry{folder("b"), link("a", "b", tar.TypeSymlink), file("a/f", "through"), folder("a"), file("a/f", "new")}, "new"},
		"link by link":             {[]entry{file("b", "1"), file("c", "new"), link("a", "b", tar.TypeSymlink), link("a", "c", tar.TypeSymlink)}, "new"},
		"folder whose files go on": {[]entry{folder("a"), folder("a/b"), file("a/b/c", "1"), file("a/b", "2"), file("a/f", "new")}, "new"},
	} {
		dir, _, err := unpack(t, true, c.entries...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := os.ReadFile(filepath.Join(dir, "a"))
		if err != nil {
			got, err = os.ReadFile(filepath.Join(dir, "a/f"))
		}
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestDeletionsAreOverlaysInAnUpperLayerAndNothingInALowest(t *testing.T) {
	entries := []entry{
		folder("d"), file("d/.wh.gone", ""), folder("o"), file("o/new", "x"), file("o/.wh..wh..opq", ""),
		file("kept", "x"), file(".wh.kept", ""), folder("again"), file(".wh.again", ""), file(".wh.later", ""), folder("later"), file("later/f", ""),
		file(".wh..wh.plnk", ""), file(".wh.back", ""), file("back", "x"),
	}
	dir, _, err := unpack(t, true, entries...)
	if err != nil {
		t.Fatal(err)
	}
	st := stat(t, filepath.Join(dir, "d/gone"))
	if !overlay.IsWhiteout(&st) {
		t.Errorf("d/gone: mode %o, device %d", st.Mode, st.Rdev)
	}
	// A folder that was deleted and is there again, in whatever order, shows nothing of the lower one.
	for name, want := range map[string]bool{"o": true, "again": true, "later": true, "d": false} {
		if got := opaque(filepath.Join(dir, name)); got != want {
			t.Errorf("%s is opaque: %v", name, got)
		}
	}
	for _, name := range []string{"kept", "back", "o/new"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "x" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}

	dir, _, err = unpack(t, false, entries...)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (d.Type()&fs.ModeDevice != 0 || strings.HasPrefix(d.Name(), ".wh.") || opaque(path)) {
			t.Errorf("in the lowest layer there is %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "kept")); err != nil {
		t.Error(err)
	}
}

func TestFoldersThatTheArchiveLacksAreMadeAndNamed(t *testing.T) {
	dir, implied, err := unpack(t, true, file("a/b/c", "x"), folder("a"), file("d/e", "y"))
	if err != nil || !slices.Equal(implied, []string{"a/b", "d"}) {
		t.Fatal(implied, err)
	}
	if st := stat(t, filepath.Join(dir, "a/b")); st.Mode != unix.S_IFDIR|0o755 {
		t.Errorf("mode %o", st.Mode)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	owner, device := file("a", ""), link("a", "", tar.TypeChar)
	owner.Uid = 1 << 32
	device.Devmajor, device.Format = 1<<33, tar.FormatGNU
	many := folder(strings.Repeat("x/", maxPath))
	for name, e := range map[string]entry{
		"owner": owner, "device": device, "long": many, "link to the root": link("a", "/", tar.TypeLink), "unknown type": link("a", "", 'Z'),
		"deletion of nothing": file("d/.wh.", ""), "deletion of dot": file("d/.wh..", ""), "deletion of dot dot": file("d/.wh...", ""),
	} {
		if _, _, err := unpack(t, true, e); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := archived(t, file("a", strings.Repeat("x", 3*blockSize)))
	for _, n := range []int{100, 1536, 1600, 1536 + blockSize, len(whole) - 2048} {
		if _, err := Layer(t.Context(), t.TempDir(), bytes.NewReader(whole[:n]), true); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %d: %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Layer(ctx, t.TempDir(), bytes.NewReader(whole), true); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNoDescriptorIsLeftOpen unpacks more folders than are kept open.
func TestNoDescriptorIsLeftOpen(t *testing.T) {
	open := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	var entries []entry
	for i := range 3 * keptOpen {
		name := strings.Repeat("d", i+1)
		entries = append(entries, folder(name), file(name+"/f", "x"), link(name+"/l", name+"/f", tar.TypeLink), folder(name+"/f"))
	}
	before := open()
	if _, _, err := unpack(t, true, entries...); err != nil {
		t.Fatal(err)
	}
	if after := open(); after > before {
		t.Errorf("%d descriptors, and %d before", after, before)
	}
}

// FuzzLayer checks that nothing is made outside of the folder, whatever the archive is.
func FuzzLayer(f *testing.F) {
	f.Add(archived(f, folder("d"), file("d/f", "x"), link("l", "../../..", tar.TypeSymlink), file("l/evil", "x"), link("h", "l/x", tar.TypeLink), file("d/.wh.f", ""), file("d/.wh..wh..opq", "")), true)
	f.Add([]byte("no archive"), false)
	f.Fuzz(func(t *testing.T, b []byte, overlay bool) {
		if os.Getuid() != 0 {
			t.Skip("needs root")
		}
		outside := t.TempDir()
		dir := filepath.Join(outside, "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		_, _ = Layer(t.Context(), dir, bytes.NewReader(b), overlay)
		if list, err := os.ReadDir(outside); err != nil || len(list) != 1 {
			t.Errorf("beside the folder: %v, %v", list, err)
		}
	})
}
