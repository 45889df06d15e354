package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLayerHoldsWhatDiffersAndItsFolders(t *testing.T) {
	base := archive(
		dir("./"), dir("./etc/"), file("./etc/same", "1"), file("./etc/changed", "1"), file("./etc/gone", "1"),
		dir("./srv/"), dir("./srv/tree/"), file("./srv/tree/leaf", "1"), dir("./tmp/"),
	)
	full := archive(
		dir("./"), dir("./etc/"), later(file("./etc/same", "1")), file("./etc/changed", "2"),
		dir("./opt/"), file("./opt/new", "1"), dir("./srv/"), mode(dir("./tmp/"), 0o1777),
	)
	want := []string{"./etc/", "./etc/changed", "./opt/", "./opt/new", "./srv/", "./tmp/", "etc/.wh.gone", "srv/.wh.tree"}
	if d := cmp.Diff(want, layer(t, base, full)); d != "" {
		t.Error(d)
	}
}

func TestNothingChangedGivesAnEmptyLayer(t *testing.T) {
	base := archive(dir("./"), file("./a", "1"))
	if got := layer(t, base, archive(dir("./"), later(file("./a", "1")))); len(got) != 0 {
		t.Errorf("layer holds %q", got)
	}
}

func TestHardLinkBringsItsTargetAlong(t *testing.T) {
	base := archive(file("./bin/a", "1"))
	full := archive(file("./bin/a", "1"), hardLink("./bin/b", "./bin/a"))
	if d := cmp.Diff([]string{"./bin/a", "./bin/b"}, layer(t, base, full)); d != "" {
		t.Error("a new link to an old file:", d)
	}

	base = archive(file("./bin/a", "1"), hardLink("./bin/b", "./bin/a"))
	full = archive(file("./bin/a", "2"), hardLink("./bin/b", "./bin/a"))
	if d := cmp.Diff([]string{"./bin/a", "./bin/b"}, layer(t, base, full)); d != "" {
		t.Error("an old link to a changed file:", d)
	}
}

func TestFolderThatBecameAFileNeedsNoWhiteoutsInside(t *testing.T) {
	base := archive(dir("./d/"), file("./d/x", "1"))
	if d := cmp.Diff([]string{"./d"}, layer(t, base, archive(file("./d", "1")))); d != "" {
		t.Error(d)
	}
}

func TestExtendedAttributesCountAndAreKept(t *testing.T) {
	with := file("./ping", "1")
	with.header.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": "\x01\x00"}
	out := layerBytes(t, archive(file("./ping", "1")), archive(with))
	h, err := tar.NewReader(bytes.NewReader(out)).Next()
	if err != nil {
		t.Fatal(err)
	}
	if got := h.PAXRecords["SCHILY.xattr.security.capability"]; got != "\x01\x00" {
		t.Errorf("capability in the layer: %q", got)
	}
}

type item struct {
	header tar.Header
	body   string
}

var made = time.Unix(1_700_000_000, 0)

func dir(name string) item {
	return item{header: tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755, ModTime: made}}
}

func file(name, body string) item {
	return item{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(body)), ModTime: made}, body}
}

func hardLink(name, target string) item {
	return item{header: tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644, ModTime: made}}
}

func later(i item) item {
	i.header.ModTime = made.Add(time.Hour)
	return i
}

func mode(i item, m int64) item {
	i.header.Mode = m
	return i
}

func archive(items ...item) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, i := range items {
		if err := w.WriteHeader(&i.header); err != nil {
			panic(err)
		}
		if _, err := io.WriteString(w, i.body); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func layerBytes(t *testing.T, base, full []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := diff(write(t, base), write(t, full), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func layer(t *testing.T, base, full []byte) []string {
	t.Helper()
	var names []string
	r := tar.NewReader(bytes.NewReader(layerBytes(t, base, full)))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
}

func write(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fs.tar")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
