package untar

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// inherited unpacks entries above lower layers of entries, the lowest last, and returns the topmost layer's folder.
func inherited(t *testing.T, top []entry, lowers ...[]entry) string {
	t.Helper()
	dirs := make([]string, len(lowers))
	for i, l := range lowers {
		dir, _, err := unpack(t, i < len(lowers)-1, l...)
		if err != nil {
			t.Fatal(err)
		}
		dirs[i] = dir
	}
	dir, implied, err := unpack(t, true, top...)
	if err != nil {
		t.Fatal(err)
	}
	if err := Inherit(dir, implied, dirs); err != nil {
		t.Fatalf("%v: %v", implied, err)
	}
	return dir
}

// owned is a folder that belongs to somebody.
func owned(name string, id int) entry {
	e := folder(name)
	e.Uid, e.Gid, e.Mode = id, id, 0o700
	return e
}

func TestImpliedFoldersLookAsInTheTopmostLayerThatHasThem(t *testing.T) {
	dir := inherited(
		t,
		[]entry{file("a/b/f", ""), file("a-/f", ""), file("only/here/f", ""), file("link/d/f", ""), file("was/d/f", "")},
		[]entry{owned("a", 2), owned("a-", 6), link("link", "elsewhere", tar.TypeSymlink), file("was", "a file")},
		[]entry{owned("a", 3), owned("a/b", 4), owned("link", 5), owned("link/d", 5), owned("elsewhere", 5), owned("elsewhere/d", 5), owned("was", 5), owned("was/d", 5)},
	)
	for name, id := range map[string]uint32{"a": 2, "a-": 6, "a/b": 4, "only": 0, "only/here": 0, "link": 0, "link/d": 0, "was": 0, "was/d": 0} {
		mode := uint32(unix.S_IFDIR | 0o755)
		if id != 0 {
			mode = unix.S_IFDIR | 0o700
		}
		if st := stat(t, filepath.Join(dir, name)); st.Uid != id || st.Gid != id || st.Mode != mode {
			t.Errorf("%s: owner %d:%d, mode %o", name, st.Uid, st.Gid, st.Mode)
		}
	}
}

func TestImpliedFoldersHaveNothingOfHiddenOnes(t *testing.T) {
	lowest := []entry{owned("a", 3), owned("a/b", 4), owned("a/b/c", 5)}
	for name, c := range map[string]struct {
		top    []entry
		lowers [][]entry
		a, b   uint32 // owners that "a" and "a/b" are to have
	}{
		"opaque in a lower layer":       {[]entry{file("a/b/c/f", "")}, [][]entry{{owned("a", 2), file("a/.wh..wh..opq", "")}, lowest}, 2, 0},
		"opaque in the layer itself":    {[]entry{file("a/b/c/f", ""), file("a/.wh..wh..opq", "")}, [][]entry{lowest}, 3, 0},
		"deleted in a lower layer":      {[]entry{file("a/b/c/f", "")}, [][]entry{{file(".wh.a", "")}, lowest}, 0, 0},
		"only what it has in it hidden": {[]entry{file("a/b/c/f", ""), file("a/b/.wh..wh..opq", "")}, [][]entry{lowest}, 3, 4},
	} {
		dir := inherited(t, c.top, c.lowers...)
		a, b, deepest := stat(t, filepath.Join(dir, "a")), stat(t, filepath.Join(dir, "a/b")), stat(t, filepath.Join(dir, "a/b/c"))
		if a.Uid != c.a || b.Uid != c.b || deepest.Uid != 0 {
			t.Errorf("%s: owners %d, %d, %d", name, a.Uid, b.Uid, deepest.Uid)
		}
	}
}

func TestImpliedFoldersThatWereReplacedAreLeft(t *testing.T) {
	for name, last := range map[string][]entry{
		"by a file":           {file("a", "")},
		"by an empty folder":  {file("a", ""), folder("a")},
		"by a link":           {owned("c", 7), owned("c/b", 7), link("a", "c", tar.TypeSymlink)},
		"by a link to itself": {link("a", "a", tar.TypeSymlink)},
	} {
		dir := inherited(t, append([]entry{file("a/b/f", "")}, last...), []entry{owned("a", 2), owned("a/b", 2)})
		var st unix.Stat_t
		if err := unix.Lstat(filepath.Join(dir, "c/b"), &st); err == nil && st.Uid != 7 {
			t.Errorf("%s: what it leads to belongs to %d", name, st.Uid)
		}
	}
}

// TestNothingOutsideIsTouched unpacks and finishes entries through links that lead out of the folder, be there something of the
// same name below it or not.
func TestNothingOutsideIsTouched(t *testing.T) {
	outside := t.TempDir()
	secret := filepath.Join(outside, "sub", "secret")
	if err := os.Mkdir(filepath.Dir(secret), 0o751); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	looks := func(path string) unix.Stat_t {
		st := stat(t, path)
		st.Atim = unix.Timespec{}
		return st
	}
	before := [3]unix.Stat_t{looks(outside), looks(filepath.Dir(secret)), looks(secret)}
	up := "../../../../../../../../../.." + outside
	changed := owned("out/sub", 9)
	through := link("out/sub/hard", "out/sub/secret", tar.TypeLink)
	for name, e := range map[string]entry{
		"file": file("out/new", "x"), "over a file": file("out/sub/secret", "x"), "in a new folder": file("out/a/b/c", "x"), "folder": changed,
		"hard link": through, "hard link out": link("hard", "out/sub/secret", tar.TypeLink), "deletion": file("out/sub/.wh.secret", ""),
		"opaque": file("out/sub/.wh..wh..opq", ""), "folder in the place of a file": folder("out/sub/secret"), "file in the place of a folder": file("out/sub", "x"),
	} {
		for _, to := range []string{outside, up} {
			for _, mirrored := range []bool{false, true} {
				list := []entry{link("out", to, tar.TypeSymlink), e}
				if mirrored {
					list = append([]entry{folder(outside[1:]), folder(outside[1:] + "/sub"), file(outside[1:]+"/sub/secret", "inside")}, list...)
				}
				dir := t.TempDir()
				found, err := Layer(t.Context(), dir, bytes.NewReader(archived(t, list...)), true)
				if err == nil {
					err = Inherit(dir, append(found.Implied, "out", "out/sub"), []string{t.TempDir()})
				}
				if now := [3]unix.Stat_t{looks(outside), looks(filepath.Dir(secret)), looks(secret)}; now != before {
					t.Fatalf("%s through a link to %s (mirrored: %v, %v):\n%+v is now\n%+v", name, to, mirrored, err, before, now)
				}
				if names, err := filepath.Glob(outside + "/*"); len(names) != 1 || err != nil {
					t.Fatalf("%s: outside there is %v, %v", name, names, err)
				}
			}
		}
	}
}
