package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// treeOf makes a tree in a folder.
func treeOf(t *testing.T) (Tree, string) {
	t.Helper()
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return Tree{Root: fd}, dir
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// packed gives the lines of an archive of name: kind, name, and what is in it or where it leads.
func packed(t *testing.T, tree Tree, name string, o PackOptions) (lines []string) {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	must(t, tree.Pack(t.Context(), w, name, o), w.Close())
	r := tar.NewReader(&b)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return lines
		}
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		lines = append(lines, fmt.Sprintf("%c %s %s%s", h.Typeflag, h.Name, h.Linkname, text))
	}
}

// entries make an archive.
func entries(t *testing.T, list ...tar.Header) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range list {
		text := ""
		if h.Typeflag == tar.TypeReg {
			name, content, _ := strings.Cut(h.Name, "=")
			h.Name, text, h.Size = name, content, int64(len(content))
		}
		must(t, w.WriteHeader(&h))
		_, err := w.Write([]byte(text))
		must(t, err)
	}
	must(t, w.Close())
	return &b
}

func file(nameAndText string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: nameAndText, Mode: 0o644}
}

func folder(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}
}

func link(name, to string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
}

func TestArchivesAreNamedAsDockerNamesThem(t *testing.T) {
	tree, dir := treeOf(t)
	must(t,
		os.MkdirAll(filepath.Join(dir, "d/sub"), 0o755), os.WriteFile(filepath.Join(dir, "d/f"), []byte("text"), 0o644), os.Symlink("/d", filepath.Join(dir, "link")),
		os.Link(filepath.Join(dir, "d/f"), filepath.Join(dir, "d/g")), unix.Mkfifo(filepath.Join(dir, "d/sub/pipe"), 0o600),
		unix.Mknod(filepath.Join(dir, "d/sub/null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))),
	)
	for _, c := range []struct {
		name string
		o    PackOptions
		want []string
	}{
		{"/d", PackOptions{Name: "d"}, []string{"5 d/ ", "0 d/f text", "1 d/g d/f", "5 d/sub/ ", "3 d/sub/null ", "6 d/sub/pipe "}},
		{"/d/.", PackOptions{Name: "."}, []string{"5 ./ ", "0 ./f text", "1 ./g ./f", "5 ./sub/ ", "3 ./sub/null ", "6 ./sub/pipe "}},
		{"/link", PackOptions{Name: "link"}, []string{"2 link /d"}},
		{"/link/", PackOptions{Name: "link"}, []string{"5 link/ ", "0 link/f text", "1 link/g link/f", "5 link/sub/ ", "3 link/sub/null ", "6 link/sub/pipe "}},
		{"/d/f", PackOptions{Name: "other"}, []string{"0 other text"}},
		{"/link/f", PackOptions{Name: "f"}, []string{"0 f text"}},
		{"/", PackOptions{Name: "/", Rooted: true}, []string{"5 / ", "5 /d/ ", "0 /d/f text", "1 /d/g /d/f", "5 /d/sub/ ", "3 /d/sub/null ", "6 /d/sub/pipe ", "2 /link /d"}},
		{"/d/sub", PackOptions{}, []string{"3 null ", "6 pipe "}},
	} {
		if diff := cmp.Diff(c.want, packed(t, tree, c.name, c.o)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

func TestStatFollowsAllButTheLast(t *testing.T) {
	tree, dir := treeOf(t)
	must(t, os.Mkdir(filepath.Join(dir, "d"), 0o755), os.WriteFile(filepath.Join(dir, "d/f"), nil, 0o644), os.Symlink("/d", filepath.Join(dir, "link")),
		os.Symlink("../../../link/gone/../f", filepath.Join(dir, "d/up")), os.Symlink("loop", filepath.Join(dir, "loop")))
	for name, want := range map[string]string{"/link": "/d", "/link/up": "/d/f", "/link/f": "", "/link/.": "", "/loop": "/loop"} {
		if s, err := tree.Stat(name); err != nil || s.Link != want {
			t.Errorf("%s leads to %q, %v; want %q", name, s.Link, err, want)
		}
	}
	for name, want := range map[string]error{"/gone": fs.ErrNotExist, "/d/f/": unix.ENOTDIR, "/d/f/x": unix.ENOTDIR, "/loop/": unix.ELOOP} {
		if _, err := tree.Stat(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func TestWhatIsPackedIsUnpackedAsItWas(t *testing.T) {
	from, dir := treeOf(t)
	deep := filepath.Join(dir, "a/b")
	when := time.Unix(1e9, 0)
	must(t, os.MkdirAll(deep, 0o755), os.WriteFile(filepath.Join(deep, "set"), []byte("x"), 0o644), os.Chown(filepath.Join(deep, "set"), 5, 6),
		unix.Chmod(filepath.Join(deep, "set"), 0o6751), os.Symlink("/nowhere", filepath.Join(deep, "link")), os.Lchown(filepath.Join(deep, "link"), 7, 8),
		os.Link(filepath.Join(deep, "set"), filepath.Join(deep, "twin")), unix.Mkfifo(filepath.Join(deep, "pipe"), 0o640), os.Chown(deep, 9, 10),
		unix.Setxattr(filepath.Join(deep, "set"), "user.x", []byte("y"), 0), unix.Setxattr(filepath.Join(deep, "set"), "trusted.x", []byte("y"), 0),
		unix.Setxattr(filepath.Join(deep, "set"), capability, rawCapability(), 0), os.Chtimes(deep, when, when))
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	must(t, from.Pack(t.Context(), w, "/", PackOptions{}), w.Close())
	to, dir2 := treeOf(t)
	must(t, to.Unpack(t.Context(), &b, "/", UnpackOptions{}))
	if diff := cmp.Diff(packed(t, from, "/", PackOptions{}), packed(t, to, "/", PackOptions{})); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"a/b", "a/b/set", "a/b/link", "a/b/pipe", "a/b/twin"} {
		var was, is unix.Stat_t
		must(t, unix.Lstat(filepath.Join(dir, name), &was), unix.Lstat(filepath.Join(dir2, name), &is))
		if was.Mode != is.Mode || was.Uid != is.Uid || was.Gid != is.Gid || was.Mtim.Sec != is.Mtim.Sec || was.Nlink != is.Nlink {
			t.Errorf("%s: was %+v, is %+v", name, was, is)
		}
	}
	var v [64]byte
	set := filepath.Join(dir2, "a/b/set")
	if n, err := unix.Getxattr(set, "user.x", v[:]); err != nil || string(v[:n]) != "y" {
		t.Errorf("user.x: %q, %v", v[:n], err)
	}
	if n, err := unix.Getxattr(set, capability, v[:]); err != nil || !bytes.Equal(v[:n], rawCapability()) {
		t.Errorf("%s: %x, %v", capability, v[:n], err)
	}
	if _, err := unix.Getxattr(set, "trusted.x", v[:]); err == nil {
		t.Error("an attribute that is the host's alone went along")
	}
}

// rawCapability is CAP_NET_RAW, permitted and effective.
func rawCapability() []byte {
	return []byte{1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
}

func TestCapabilitiesOfAUserNamespaceArePlainInArchives(t *testing.T) {
	tree := Tree{FirstID: 3_000_000}
	held := tree.heldCapability(rawCapability())
	if len(held) != 24 || !bytes.Equal(tree.plainCapability(held), rawCapability()) {
		t.Errorf("%x", held)
	}
	other := Tree{FirstID: 4_000_000}
	if !bytes.Equal(other.plainCapability(held), held) {
		t.Error("capabilities in another user namespace were taken for this one's")
	}
}

func TestIDsAreTheTrees(t *testing.T) {
	tree := Tree{FirstID: 3_000_000}
	for id, want := range map[int]int{0: 3_000_000, 1000: 3_001_000, 65535: 3_065_535, 65536: 3_065_534, -1: 3_065_534} {
		if got := tree.outside(id); got != want {
			t.Errorf("%d is %d on this side, want %d", id, got, want)
		}
	}
	for id, want := range map[uint32]int{3_000_000: 0, 3_065_535: 65535, 3_065_536: 3_065_536, 0: 0, 1000: 1000} {
		if got := tree.inside(id); got != want {
			t.Errorf("%d is %d in the tree, want %d", id, got, want)
		}
	}
}

func TestUnpackReplaces(t *testing.T) {
	tree, dir := treeOf(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.MkdirAll(at("d/full/deep"), 0o755), os.WriteFile(at("d/full/deep/f"), nil, 0o644), os.WriteFile(at("d/f"), []byte("old"), 0o600), os.Symlink("f", at("d/link")))
	must(t, tree.Unpack(t.Context(), entries(t, file("f=new"), file("link=was a link"), file("new/folder/f=x"), folder("kept")), "/d", UnpackOptions{KeepKind: true}))
	for name, want := range map[string]string{"d/f": "new", "d/link": "was a link", "d/new/folder/f": "x"} {
		if got, err := os.ReadFile(at(name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, list := range [][]tar.Header{{file("full=x")}, {folder("f")}} {
		if err := tree.Unpack(t.Context(), entries(t, list...), "/d", UnpackOptions{KeepKind: true}); !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), "cannot overwrite") {
			t.Errorf("%s: %v", list[0].Name, err)
		}
	}
	must(t, tree.Unpack(t.Context(), entries(t, file("full=x"), folder("f"), file("f/in=y")), "/d", UnpackOptions{}))
	if got, err := os.ReadFile(at("d/full")); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	owner := &Owner{11, 12}
	must(t, tree.Unpack(t.Context(), entries(t, file("owned=x"), file("made/owned=x")), "/d", UnpackOptions{Owner: owner}))
	for _, name := range []string{"d/owned", "d/made", "d/made/owned"} {
		var st unix.Stat_t
		if must(t, unix.Stat(at(name), &st)); st.Uid != 11 || st.Gid != 12 {
			t.Errorf("%s belongs to %d:%d", name, st.Uid, st.Gid)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	tree, dir := treeOf(t)
	must(t, os.Mkdir(filepath.Join(dir, "d"), 0o755), os.WriteFile(filepath.Join(dir, "f"), nil, 0o644))
	for name, r := range map[string]io.Reader{
		"outside of":                  entries(t, file("../up=x")),
		`outside of "/d"`:             entries(t, file("a=x"), tar.Header{Typeflag: tar.TypeLink, Name: "l", Linkname: "../f"}),
		"not a tar archive":           strings.NewReader(strings.Repeat("nonsense", 200)),
		"ends in the middle":          io.LimitReader(entries(t, file("big="+strings.Repeat("x", 2000))), 1000),
		"files of type 'V' are not":   entries(t, tar.Header{Typeflag: 'V', Name: "volume"}),
		"no such file":                entries(t, tar.Header{Typeflag: tar.TypeLink, Name: "l", Linkname: "gone"}),
		"not a directory":             entries(t, file("file=x"), file("file/below=x")),
		"too many levels of symbolic": entries(t, link("loop", "loop"), file("loop/x=x")),
	} {
		if err := tree.Unpack(t.Context(), r, "/d", UnpackOptions{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
	if err := tree.Unpack(t.Context(), entries(t), "/f", UnpackOptions{}); !errors.Is(err, ErrNoFolder) {
		t.Errorf("into a file: %v", err)
	}
	if err := tree.Unpack(t.Context(), entries(t), "/gone", UnpackOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into nothing: %v", err)
	}
}

func TestLayersMarkDeletions(t *testing.T) {
	tree, dir := treeOf(t)
	must(t, os.Mkdir(filepath.Join(dir, "opaque"), 0o755), unix.Setxattr(filepath.Join(dir, "opaque"), "trusted.overlay.opaque", []byte("y"), 0),
		os.WriteFile(filepath.Join(dir, "opaque/f"), nil, 0o644), unix.Mknod(filepath.Join(dir, "opaque/gone"), unix.S_IFCHR, 0), unix.Mknod(filepath.Join(dir, "gone"), unix.S_IFCHR, 0),
		os.WriteFile(filepath.Join(dir, "left"), nil, 0o644))
	left := func(name string, _ uint32, _ int64) bool { return name == "left" }
	want := []string{"0 .wh.gone ", "5 opaque/ ", "0 opaque/.wh..wh..opq ", "0 opaque/f ", "0 opaque/.wh.gone "}
	if diff := cmp.Diff(want, packed(t, tree, "/", PackOptions{Layer: true, Leave: left})); diff != "" {
		t.Error(diff)
	}
}

func TestContentIsAsLongAsItWasPromised(t *testing.T) {
	var b bytes.Buffer
	p := &packer{w: tar.NewWriter(&b), buf: make([]byte, 4)}
	must(t, p.w.WriteHeader(&tar.Header{Name: "x", Size: 10}), p.content(strings.NewReader("abc"), 10), p.w.Close())
	r := tar.NewReader(&b)
	_, err := r.Next()
	must(t, err)
	if got, _ := io.ReadAll(r); string(got) != "abc\x00\x00\x00\x00\x00\x00\x00" {
		t.Errorf("%q", got)
	}
}
