package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/gzip"
	"github.com/opencontainers/go-digest"
	"golang.org/x/sys/unix"
)

// block is a header of an archive as no writer would write it.
func block(name string, kind byte, size int64, change func(h []byte)) []byte {
	h := make([]byte, tarBlock)
	copy(h, name)
	copy(h[100:], "0000644\x000000000\x000000000\x00")
	copy(h[124:], fmt.Sprintf("%011o\x0000000000000\x00", size))
	h[156] = kind
	copy(h[257:], "ustar  \x00")
	if change != nil {
		change(h)
	}
	copy(h[148:], "        ")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return h
}

// sparse is an archive of one file that has size bytes and of which the archive has none (GNU tar's old format of files with holes).
func sparse(name string, size int64) []byte {
	h := block(name, tar.TypeGNUSparse, 0, func(h []byte) {
		number := func(at int, n int64) { // base 256, as for whatever is too large for digits
			h[at] = 0x80
			for i := range 8 {
				h[at+11-i] = byte(n >> (8 * i))
			}
		}
		number(386, size) // one piece of data, at the end, of no bytes
		number(398, 0)
		number(483, size)
	})
	return append(h, make([]byte, 2*tarBlock)...)
}

// longHeader is an archive that says something of a file in 2 MB: its attributes (kind x) or its name (kind L).
func longHeader(kind byte) []byte {
	const size = 2 << 20
	record := fmt.Sprintf("%d SCHILY.xattr.user.x=", size)
	record += strings.Repeat("x", size-len(record)-1) + "\n"
	return slices.Concat(block("x", kind, size, nil), []byte(record), make([]byte, 2*tarBlock))
}

// archiveWith is an archive of an image with one layer, whatever that is.
func archiveWith(t *testing.T, blob []byte) []byte {
	t.Helper()
	config := asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(blob)}}})
	return archiveOf(t, map[string][]byte{
		"c.json": config, "l.tar": blob,
		"manifest.json": asJSON(t, []archived{{Config: "c.json", RepoTags: []string{"evil:1"}, Layers: []string{"l.tar"}}}),
	})
}

// longLinks are n links with names and targets that are as long as they may be.
func longLinks(n int) []file {
	var list []file
	for i := range n {
		list = append(list, file{name: fmt.Sprintf("%0*d", maxName, i), kind: tar.TypeSymlink, link: strings.Repeat("t", maxName)})
	}
	return list
}

// compressed is what r has, with gzip.
func compressed(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is the archive of one file of zeros.
func bomb(t *testing.T, size int64) io.Reader {
	t.Helper()
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(&tar.Header{Name: "bomb", Typeflag: tar.TypeReg, Mode: 0o644, Size: size}); err != nil {
		t.Fatal(err)
	}
	return io.MultiReader(&head, io.LimitReader(zeros{}, size+2*tarBlock))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestBombsLeaveRoomOnTheDisk: what is small as an archive and large when it is unpacked is refused before the disk is full, and nothing of it stays.
func TestBombsLeaveRoomOnTheDisk(t *testing.T) {
	disk := smallDisk(t, 64<<20)
	s := open(t, func(c *Settings) { c.Root = filepath.Join(disk, "image") })
	load := func(b []byte) error {
		_, err := s.Load(t.Context(), bytes.NewReader(b), LoadOptions{})
		return err
	}
	imported := func(b []byte) error {
		_, err := s.Import(t.Context(), bytes.NewReader(b), ImportOptions{Ref: "evil"})
		return err
	}
	for name, attack := range map[string]func() error{
		"layer with a hole":            func() error { return load(archiveWith(t, sparse("f", 1<<50))) },
		"file of the archive, a hole":  func() error { return load(sparse("blobs/sha256/"+strings.Repeat("0", 64), 1<<50)) },
		"compressed layer":             func() error { return load(archiveWith(t, compressed(t, bomb(t, 200<<20)))) },
		"compressed archive":           func() error { return load(compressed(t, bomb(t, 200<<20))) },
		"imported file":                func() error { return imported(compressed(t, bomb(t, 200<<20))) },
		"imported file with a hole":    func() error { return imported(sparse("f", 1<<50)) },
		"imported stream, no archive":  func() error { return imported(compressed(t, io.LimitReader(zeros{}, 200<<20))) },
		"hole that nobody can imagine": func() error { return imported(sparse("f", 1<<62)) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := attack(); !errors.Is(err, unix.ENOSPC) {
				t.Error(err)
			}
			nothingThere(t, s)
			var st unix.Statfs_t
			if err := unix.Statfs(disk, &st); err != nil || st.Bavail == 0 {
				t.Errorf("%d blocks are left, %v", st.Bavail, err)
			}
		})
	}
	loaded(t, s, "good:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "x"})))
}

// TestArchivesThatContradictThemselves are refused, or taken as Docker takes them.
func TestArchivesThatContradictThemselves(t *testing.T) {
	one, two := layerTar(t, file{name: "f", body: "1"}), layerTar(t, file{name: "f", body: "2"})
	config := string(asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(one), digest.FromBytes(two)}}}))
	whole := func(layers string, more ...file) []byte {
		return layerTar(t, append([]file{
			{name: "manifest.json", body: `[{"Config":"c.json","RepoTags":["app:1"],"Layers":` + layers + `}]`},
			{name: "c.json", body: config},
			{name: "1.tar", body: string(one)},
			{name: "2.tar", body: string(two)},
		}, more...)...)
	}
	for name, c := range map[string]struct {
		archive []byte
		want    string // "" is an image
	}{
		"manifest before what it names": {whole(`["1.tar","2.tar"]`), ""},
		"layers in another order":       {whole(`["2.tar","1.tar"]`), "wrong diff id"},
		"file outside":                  {whole(`["1.tar","../../../../../../etc/passwd"]`), "is not in it"},
		"absolute file":                 {whole(`["1.tar","/etc/passwd"]`), "is not in it"},
		"link outside":                  {whole(`["1.tar","l"]`, file{name: "l", kind: tar.TypeSymlink, link: "/etc/passwd"}), "is not in it"},
		"hard link outside":             {whole(`["1.tar","l"]`, file{name: "l", kind: tar.TypeLink, link: "/etc/passwd"}), "is not in it"},
		"device in a file's place":      {whole(`["1.tar","l"]`, file{name: "l", kind: tar.TypeBlock, major: 254}), "is not in it"},
		"a name twice: the last":        {whole(`["1.tar","2.tar"]`, file{name: "2.tar", body: string(one)}), "wrong diff id"},
		"a name twice, now a link":      {whole(`["1.tar","2.tar"]`, file{name: "2.tar", kind: tar.TypeSymlink, link: "1.tar"}), "wrong diff id"},
		"manifest twice: the last":      {whole(`["1.tar","2.tar"]`, file{name: "manifest.json", body: `[{"RepoTags":["app:2"]}]`}), "is not in it"},
		"manifest of many layers":       {whole(`["1.tar"` + strings.Repeat(`,"1.tar"`, maxLayers) + `]`), "is the most"},
		"manifest of many images":       {layerTar(t, file{name: "manifest.json", body: "[{}" + strings.Repeat(",{}", maxIndexEntries) + "]"}), "is the most"},
		"name of a file is too long":    {layerTar(t, file{name: strings.Repeat("f", maxName+1), body: "x"}), "longer than 4096 bytes"},
		"target of a link is too long":  {layerTar(t, file{name: "l", kind: tar.TypeSymlink, link: strings.Repeat("f", maxName+1)}), "longer than 4096 bytes"},
		"long names of many files":      {layerTar(t, longLinks(maxAllNames/maxName/2+1)...), "more than 16777216 bytes together"},
		"long record":                   {longHeader(tar.TypeXHeader), "header field too long"},
		"long name":                     {longHeader(tar.TypeGNULongName), "header field too long"},
		"long record in a layer":        {archiveWith(t, longHeader(tar.TypeXHeader)), "header field too long"},
		"name too long for a system":    {archiveWith(t, layerTar(t, file{name: strings.Repeat("d/", 4096)})), "longer than 4096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			list, err := s.Load(t.Context(), bytes.NewReader(c.archive), LoadOptions{})
			if c.want == "" {
				if err != nil || len(list) != 1 {
					t.Error(list, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, %v; want %q", list, err, c.want)
			}
			nothingLeft(t, s)
		})
	}
}

// FuzzLoad: whatever an archive is, it is loaded or refused, and what is refused leaves nothing.
// The store works in the background, so that a new path is not the same twice: fuzz it with -fuzzminimizetime 1x.
func FuzzLoad(f *testing.F) {
	plain := layerTar(f, file{name: "f", body: "x"})
	config := asJSON(f, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(plain)}}})
	f.Add(archiveOf(f, map[string][]byte{
		"c.json": config, "l.tar": plain, "manifest.json": asJSON(f, []archived{{Config: "c.json", RepoTags: []string{"a:1"}, Layers: []string{"l.tar"}}}),
	}))
	f.Add(archiveOf(f, map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": []byte(`{"manifests":[]}`), blobPath(digest.FromBytes(plain)): plain}))
	f.Add(sparse("f", 1<<50))
	if os.Getuid() != 0 {
		f.Skip("unpacking layers with their owners needs root")
	}
	dir, err := os.MkdirTemp("/dev/shm", "tug-fuzz") // a disk would be waited for, each time
	if err != nil {
		f.Skipf("no file system in memory: %v", err)
	}
	f.Cleanup(func() { _ = os.RemoveAll(dir) })
	s, err := Open(f.Context(), Settings{Root: filepath.Join(dir, "image"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _ := s.Load(t.Context(), bytes.NewReader(b), LoadOptions{})
		for _, l := range list {
			if _, err := s.Remove(t.Context(), l.ID.String(), RemoveOptions{Force: true}); err != nil && !errdefs.IsNotFound(err) {
				t.Error(err)
			}
		}
		nothingLeft(t, s)
	})
}
