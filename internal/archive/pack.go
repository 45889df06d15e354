package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
	"tug/internal/overlay"
)

// Markers of deletions in the archive of a layer (OCI image specification, layer.md, "Whiteouts").
const (
	WhiteoutPrefix = ".wh."         // before the name of what is deleted
	OpaqueMarker   = ".wh..wh..opq" // deletes all that the folder has in lower layers
)

// PackOptions say what is packed.
type PackOptions struct {
	// Name is what the tree's part is called in the archive, in the place of its path. "" leaves the top folder itself out,
	// and names what is in it from there.
	Name string
	// Rooted puts a slash before names, as if Name were the root.
	Rooted bool
	// Layer packs a layer of an image out of an upper folder of overlay: what marks deletions there becomes what marks them in
	// an archive (OCI image specification, layer.md, "Whiteouts").
	Layer bool
	// ExactTimes keeps the fractions of seconds, at the cost of a kilobyte a file that has one.
	ExactTimes bool
	// Leave tells of a path from the top on that it is to be left out; nil: none is.
	Leave func(name string, mode uint32, size int64) bool
	// Says tells of a path from the top on, which a descriptor holds, whether it is to be packed, whatever becomes of what is in it; nil: all is.
	Says func(name string, fd int, st *unix.Stat_t) (bool, error)
}

// Pack writes what a path in the tree means into an archive: a folder with all that is in it, or one file or link.
// Mounts below are packed with the rest. Files are as large in the archive as they were when they were looked at. Errors: those of the
// lookup (see Stat), and of writing.
func (t Tree) Pack(ctx context.Context, w *tar.Writer, name string, o PackOptions) error {
	folder, leaf := path.Split(path.Clean("/" + name))
	if s, err := t.Stat(name); err != nil {
		return err
	} else if s.Mode.IsDir() {
		folder, leaf = name, "."
	}
	top, err := t.openFolder(folder)
	if err != nil {
		return renamed("open", name, err)
	}
	defer unix.Close(top)
	p := &packer{Tree: t, PackOptions: o, w: w, leaf: leaf, links: map[fileID]string{}, buf: make([]byte, 256<<10)}
	return beneath.Walk(top, leaf, func(name string, fd int, st *unix.Stat_t) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return p.visit(name, fd, st)
	})
}

// packer writes one archive.
type packer struct {
	Tree
	PackOptions
	w     *tar.Writer
	leaf  string            // what the walk begins with: "." for a folder's content
	links map[fileID]string // files of several names that are in the archive already, and under which one
	buf   []byte
}

// called is the name in the archive of what a walk visits.
func (p *packer) called(name string) string {
	switch {
	case name == p.leaf:
		return p.Name
	case p.Rooted:
		return "/" + name
	case p.Name == "" || p.Name == ".":
		return p.dot() + name
	}
	return path.Join(p.Name, name)
}

// dot begins the names in an archive of "folder/.".
func (p *packer) dot() string {
	if p.Name == "." {
		return "./"
	}
	return ""
}

func (p *packer) visit(name string, fd int, st *unix.Stat_t) (enter bool, err error) {
	called := p.called(name)
	if p.Leave != nil && p.Leave(name, st.Mode, st.Size) {
		return true, nil
	}
	if p.Says != nil && name != p.leaf {
		if says, err := p.Says(name, fd, st); !says || err != nil {
			return true, err
		}
	}
	if p.Layer && overlay.IsWhiteout(st) {
		return false, p.w.WriteHeader(&tar.Header{Name: path.Join(path.Dir(called), WhiteoutPrefix+path.Base(called)), Typeflag: tar.TypeReg, ModTime: modTime(st)})
	}
	if name == p.leaf && p.Name == "" && !p.Rooted {
		return true, nil
	}
	h, ok := p.headerOf(called, st)
	if !ok {
		return false, nil
	}
	if p.ExactTimes {
		h.ModTime, h.Format = modTime(st), tar.FormatPAX
	}
	if h.Typeflag == tar.TypeDir && p.Rooted && name == p.leaf {
		h.Name = "/"
	}
	if err := p.entry(h, fd, st); err != nil {
		return false, fmt.Errorf("pack %s: %w", name, err)
	}
	if p.Layer && h.Typeflag == tar.TypeDir && overlay.IsOpaque(fd) {
		return true, p.w.WriteHeader(&tar.Header{Name: h.Name + OpaqueMarker, Typeflag: tar.TypeReg, ModTime: modTime(st)})
	}
	return true, nil
}

// entry writes one file.
func (p *packer) entry(h *tar.Header, fd int, st *unix.Stat_t) (err error) {
	switch h.Typeflag {
	case tar.TypeSymlink:
		if h.Linkname, err = linkOf(fd); err != nil {
			return err
		}
		return p.w.WriteHeader(h)
	case tar.TypeDir:
		h.PAXRecords = p.attributesOf(fd)
		return p.w.WriteHeader(h)
	}
	if st.Nlink > 1 {
		if first, ok := p.links[idOf(st)]; ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, first, 0
			return p.w.WriteHeader(h)
		}
		p.links[idOf(st)] = h.Name
	}
	if h.Typeflag != tar.TypeReg {
		return p.w.WriteHeader(h)
	}
	h.PAXRecords = p.attributesOf(fd)
	if h.Size == 0 {
		return p.w.WriteHeader(h) // and is not opened: those of /proc have no size
	}
	f, err := unix.Open(beneath.Handle(fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(f)
	if err := p.w.WriteHeader(h); err != nil {
		return err
	}
	return p.content(reader(f), h.Size)
}

// content writes as many bytes of a file as were promised. A file that has become shorter meanwhile is filled up with
// zeros, as tar(1) does, so that the rest of the archive can still be read.
func (p *packer) content(f io.Reader, size int64) error {
	n, err := io.CopyBuffer(onlyWriter{p.w}, io.LimitReader(f, size), p.buf)
	if err != nil || n == size {
		return err
	}
	clear(p.buf)
	for n < size {
		wrote, err := p.w.Write(p.buf[:min(int64(len(p.buf)), size-n)])
		if err != nil {
			return err
		}
		n += int64(wrote)
	}
	return nil
}

// reader is an open file. An os.File would ask the kernel four times whether it can be waited for.
type reader int

func (r reader) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(r), b)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
