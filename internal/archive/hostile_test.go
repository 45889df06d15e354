package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLinksStayInTheTree shows an archive that makes links and then writes, removes and links through them.
func TestLinksStayInTheTree(t *testing.T) {
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	tree, dir := treeOf(t)
	must(t, os.MkdirAll(filepath.Join(dir, outside), 0o755), os.Mkdir(filepath.Join(dir, "d"), 0o755))
	up := strings.Repeat("../", 20)
	list := []tar.Header{
		link("abs", outside), link("rel", up+outside[1:]), file("abs/secret=overwritten"), file("rel/new=new"),
		{Typeflag: tar.TypeLink, Name: "hard", Linkname: "rel/secret"},
		{Typeflag: tar.TypeLink, Name: "hardlink", Linkname: "abs"},
		file("hardlink/third=x"),
	}
	must(t, tree.Unpack(t.Context(), entries(t, list...), "/d", UnpackOptions{}))
	if got, _ := os.ReadFile(secret); string(got) != "secret" {
		t.Error("a file outside was written")
	}
	if names, _ := filepath.Glob(outside + "/*"); len(names) != 1 {
		t.Errorf("outside there is now %v", names)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, outside, "secret")); string(got) != "overwritten" {
		t.Errorf("in the tree there is %q", got)
	}
	if got := packed(t, tree, "/d/abs/secret", PackOptions{Name: "s"}); !slices.Equal(got, []string{"0 s overwritten"}) {
		t.Errorf("packed %v", got)
	}
}

// TestRacesStayInTheTree packs and unpacks while another swaps a folder for a link that leads out of the tree.
func TestRacesStayInTheTree(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "f"), []byte("secret"), 0o600), os.Mkdir(filepath.Join(outside, "sub"), 0o755))
	tree, dir := treeOf(t)
	real, bait := filepath.Join(dir, "d"), filepath.Join(dir, "bait")
	must(t, os.MkdirAll(filepath.Join(real, "sub"), 0o755), os.WriteFile(filepath.Join(real, "f"), []byte("inside"), 0o644), os.Symlink(outside, bait))
	ctx, cancel := context.WithCancel(t.Context())
	swapping := make(chan struct{})
	go func() {
		defer close(swapping)
		for ctx.Err() == nil {
			unix.Renameat2(unix.AT_FDCWD, real, unix.AT_FDCWD, bait, unix.RENAME_EXCHANGE)
		}
	}()
	defer func() { cancel(); <-swapping }()
	for range 300 {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := tree.Pack(ctx, w, "/d/", PackOptions{Name: "d"}); strings.Contains(b.String(), "secret") {
			t.Fatalf("a file outside was packed, and then: %v", err)
		}
		_ = tree.Unpack(ctx, entries(t, folder("d"), file("d/f=inside"), file("d/sub/new=x"), folder("d/sub")), "/", UnpackOptions{})
		_ = tree.Unpack(ctx, entries(t, file("sub=x")), "/d", UnpackOptions{})
	}
	got, _ := os.ReadFile(filepath.Join(outside, "f"))
	if names, _ := filepath.Glob(outside + "/*"); string(got) != "secret" || len(names) != 2 {
		t.Errorf("outside there is %v, with %q", names, got)
	}
}

// TestDeepTreesTakeFewDescriptors packs and replaces a tree deeper than the descriptors that this process may have would go.
func TestDeepTreesTakeFewDescriptors(t *testing.T) {
	tree, dir := treeOf(t)
	deep := filepath.Join(dir, strings.Repeat("d/", 1500))
	must(t, os.MkdirAll(deep, 0o755))
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	low := limit
	low.Cur = 100
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	if got := packed(t, tree, "/d", PackOptions{Name: "d"}); len(got) != 1500 {
		t.Errorf("packed %d folders", len(got))
	}
	must(t, tree.Unpack(t.Context(), entries(t, file("d=x")), "/", UnpackOptions{}))
}

func FuzzUnpack(f *testing.F) {
	outside := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, dir := treeOf(t)
		must(t, os.Symlink(outside, filepath.Join(dir, "out")))
		_ = tree.Unpack(t.Context(), bytes.NewReader(data), "/", UnpackOptions{})
		if names, _ := filepath.Glob(outside + "/*"); len(names) > 0 {
			t.Errorf("outside there is %v", names)
		}
	})
}
