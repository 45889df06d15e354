package overlay

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// layers makes folders from the files of each, topmost first: "name" -> content, "->target" a link, "wh" a whiteout,
// "/" a folder, "/opaque" an opaque one.
func layers(t *testing.T, contents ...map[string]string) []string {
	t.Helper()
	var dirs []string
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, files := range contents {
		dir := t.TempDir()
		dirs = append(dirs, dir)
		for name, content := range files {
			p := filepath.Join(dir, name)
			must(os.MkdirAll(filepath.Dir(p), 0o755))
			switch {
			case content == "wh":
				must(unix.Mknod(p, unix.S_IFCHR, 0))
			case content == "/" || content == "/opaque":
				must(os.MkdirAll(p, 0o755))
				if content == "/opaque" {
					must(unix.Setxattr(p, "trusted.overlay.opaque", []byte("y"), 0))
				}
			case len(content) > 2 && content[:2] == "->":
				must(os.Symlink(content[2:], p))
			default:
				must(os.WriteFile(p, []byte(content), 0o644))
			}
		}
	}
	return dirs
}

func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		layers []map[string]string
		path   string
		want   string // "" : not found
	}{
		"topmost wins":                 {[]map[string]string{{"etc/passwd": "new"}, {"etc/passwd": "old"}}, "/etc/passwd", "new"},
		"from below":                   {[]map[string]string{{"etc/x": "x"}, {"etc/passwd": "old"}}, "/etc/passwd", "old"},
		"whiteout":                     {[]map[string]string{{"etc/passwd": "wh"}, {"etc/passwd": "old"}}, "/etc/passwd", ""},
		"folder whited out":            {[]map[string]string{{"etc": "wh"}, {"etc/passwd": "old"}}, "/etc/passwd", ""},
		"opaque folder":                {[]map[string]string{{"etc": "/opaque"}, {"etc/passwd": "old"}}, "/etc/passwd", ""},
		"file over a folder":           {[]map[string]string{{"etc": "file"}, {"etc/passwd": "old"}}, "/etc/passwd", ""},
		"relative link":                {[]map[string]string{{"etc/passwd": "->../usr/passwd"}, {"usr/passwd": "linked"}}, "/etc/passwd", "linked"},
		"absolute link, across layers": {[]map[string]string{{"usr/lib/passwd": "linked"}, {"etc/passwd": "->/usr/lib/passwd"}}, "/etc/passwd", "linked"},
		"linked folder":                {[]map[string]string{{"real/passwd": "linked"}, {"etc": "->real"}}, "/etc/passwd", "linked"},
		"link out of the root":         {[]map[string]string{{"etc/passwd": "->../../../../outside"}, {"outside": "inside"}}, "/etc/passwd", "inside"},
		"link to itself":               {[]map[string]string{{"etc/passwd": "->passwd"}}, "/etc/passwd", ""},
		"a folder":                     {[]map[string]string{{"etc/passwd/x": "x"}}, "/etc/passwd", ""},
		"hidden link in a lower layer": {[]map[string]string{{"etc/x": "x"}, {"etc": "->real", "real/passwd": "no"}}, "/etc/passwd", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(layers(t, c.layers...), c.path)
			if c.want == "" {
				if err == nil {
					t.Error("found")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if got, err := io.ReadAll(f); err != nil || string(got) != c.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestNothingButRegularFilesIsOpened(t *testing.T) {
	dirs := layers(t, map[string]string{"etc": "/"})
	if err := unix.Mkfifo(filepath.Join(dirs[0], "etc/passwd"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dirs, "/etc/passwd"); err == nil {
		t.Error("a pipe was opened")
	}
}

func TestDangling(t *testing.T) {
	dirs := layers(t,
		map[string]string{"etc/gone": "->/var/run/gone", "wd": "->/srv/app"},
		map[string]string{"etc/resolv.conf": "->../run/systemd/stub.conf", "var/run": "->/run", "run": "/", "etc/hosts": "hosts", "etc/loop": "->loop", "etc/mtab": "->hosts"},
	)
	for name, want := range map[string]string{
		"/etc/resolv.conf": "/run/systemd/stub.conf",
		"/etc/gone":        "/run/gone",
		"/wd/below/it":     "/srv/app/below/it",
		"/etc/hosts":       "", // is there
		"/etc/mtab":        "", // leads to what is there
		"/etc/nothere":     "", // no link
		"/etc/loop":        "",
		"/":                "",
	} {
		if to, dangling := Dangling(dirs, name); dangling != (want != "") || dangling && to != want {
			t.Errorf("%s: got %q, %t, want %q", name, to, dangling, want)
		}
	}
}

// TestBothLookupsHaveOneRule holds that a link in the way hides what is below it from both, as a file does.
func TestBothLookupsHaveOneRule(t *testing.T) {
	dirs := layers(t, map[string]string{"d": "->e", "e/f": "x"}, map[string]string{"d/f": "below"})
	below, err := lookBelow(dirs, "d/f", nil)
	if below.there || err != nil {
		t.Errorf("%v, %v", below, err)
	}
	if _, err := step(dirs, "d/f"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
