package untar

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/containerd/errdefs"

	"tug/internal/archive"
	"tug/internal/room"
)

const (
	// maxEntries is how many files one layer may have. What is remembered of its folders has a bound of its own (archive.MaxNotes).
	maxEntries = 4 << 20
	// maxPath is the longest file name or link target in bytes: Linux's PATH_MAX.
	maxPath = 4096
	// blockSize is how much of a file is written at a time, in bytes.
	blockSize = 256 << 10
)

// Found is what an archive turned out to have.
type Found struct {
	// Implied are the folders, relative to that of all and parents first, that the archive has files in but does not itself have; the caller may know
	// how they look in a lower layer. Some may not be there any more.
	Implied []string
	// Deletes says that there were deletion markers: what was unpacked for a place above other layers is then not what belongs into the lowest place.
	Deletes bool
}

// Layer unpacks a layer's archive into dir, which is empty. overlay says that there are layers below it: only then do deletion markers mean anything.
func Layer(ctx context.Context, dir string, r io.Reader, overlay bool) (Found, error) {
	x, err := newExtraction(dir, overlay)
	if err != nil {
		return Found{}, err
	}
	defer x.folders.close()
	return x.read(ctx, r)
}

// extraction is one archive on its way into a folder.
type extraction struct {
	folders *folders
	overlay bool
	block   []byte
	setMode modes
	room    *room.Room
	deletes bool // a deletion marker was met
}

func newExtraction(dir string, overlay bool) (*extraction, error) {
	f, err := newFolders(dir)
	if err != nil {
		return nil, err
	}
	return &extraction{folders: f, overlay: overlay, block: make([]byte, blockSize), setMode: newModes(), room: room.At(f.root)}, nil
}

// read unpacks the archive.
func (x *extraction) read(ctx context.Context, r io.Reader) (Found, error) {
	tr := tar.NewReader(r)
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return Found{}, err
		}
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, tar.ErrHeader) {
			return Found{}, fmt.Errorf("not a tar archive, or a damaged one: %w", errdefs.ErrInvalidArgument)
		}
		if err != nil {
			return Found{}, err
		}
		if n == maxEntries {
			return Found{}, fmt.Errorf("more than %d files: %w", maxEntries, errdefs.ErrInvalidArgument)
		}
		if err := x.entry(h, archive.Until(ctx, tr)); err != nil {
			return Found{}, fmt.Errorf("%.200s: %w", h.Name, plain(err))
		}
	}
	implied, err := x.finish()
	if err != nil {
		return Found{}, err
	}
	return Found{Implied: implied, Deletes: x.deletes}, nil
}

// entry makes what one header says.
func (x *extraction) entry(h *tar.Header, content io.Reader) error {
	if len(h.Name) > maxPath || len(h.Linkname) > maxPath {
		return fmt.Errorf("its name or target is longer than %d bytes: %w", maxPath, errdefs.ErrInvalidArgument)
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name := clean(h.Name)
	if name == "" {
		return nil // the folder itself is not the archive's
	}
	parent, base := split(name)
	in, err := x.folders.open(parent)
	if err != nil {
		return err
	}
	if strings.HasPrefix(base, archive.WhiteoutPrefix) {
		return x.whiteout(in, base, h)
	}
	if err := x.make(in, name, base, h, content); err != nil {
		return err
	}
	return x.attributes(in, base, name, h)
}

// clean is a name relative to the folder, without anything that goes up; "" is the folder itself.
func clean(name string) string { return path.Clean("/" + name)[1:] }

func split(name string) (parent, base string) {
	i := strings.LastIndexByte(name, '/')
	return name[:max(i, 0)], name[i+1:]
}

// plain is an error without the name of what was tried, which means nothing to a person.
func plain(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
