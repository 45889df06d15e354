package untar

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/overlay"
)

// make makes the file, folder, link or device of that name in the place of what may be there.
func (x *extraction) make(in int, name, base string, h *tar.Header, content io.Reader) error {
	x.folders.notes.Drop(name)
	if h.Typeflag == tar.TypeDir {
		return x.folder(in, base, h)
	}
	err := x.other(in, base, h, content)
	if errors.Is(err, unix.EEXIST) {
		if err := x.folders.removeAll(in, base); err != nil {
			return fmt.Errorf("replace what is there: %w", err)
		}
		err = x.other(in, base, h, content)
	}
	return err
}

// folder makes a folder, or takes the one that is there. Where a file was deleted before, it hides what lies below.
func (x *extraction) folder(in int, base string, h *tar.Header) error {
	err := unix.Mkdirat(in, base, uint32(h.Mode)&0o777)
	if !errors.Is(err, unix.EEXIST) {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstatat(in, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return nil
	}
	if err := x.folders.removeAll(in, base); err != nil {
		return err
	}
	if err := unix.Mkdirat(in, base, uint32(h.Mode)&0o777); err != nil {
		return err
	}
	if x.overlay && overlay.IsWhiteout(&st) {
		return overlay.SetOpaque(in, base)
	}
	return nil
}

// other makes what is no folder. The error is EEXIST if something is there.
func (x *extraction) other(in int, base string, h *tar.Header, content io.Reader) error {
	switch h.Typeflag {
	case tar.TypeReg, '\x00', tar.TypeCont, tar.TypeGNUSparse:
		return x.file(in, base, h, content)
	case tar.TypeSymlink:
		return unix.Symlinkat(h.Linkname, in, base)
	case tar.TypeLink:
		return x.hardLink(in, base, h)
	case tar.TypeChar:
		return node(in, base, unix.S_IFCHR, h)
	case tar.TypeBlock:
		return node(in, base, unix.S_IFBLK, h)
	case tar.TypeFifo:
		return node(in, base, unix.S_IFIFO, h)
	}
	return fmt.Errorf("it is of the unknown type %q: %w", h.Typeflag, errdefs.ErrInvalidArgument)
}

func (x *extraction) file(in int, base string, h *tar.Header, content io.Reader) error {
	if err := x.room.Take(h.Size); err != nil {
		return err
	}
	fd, err := unix.Openat(in, base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(h.Mode)&0o777)
	if err != nil {
		return err
	}
	err = x.fill(fd, content)
	if cerr := unix.Close(fd); err == nil {
		err = cerr
	}
	return err
}

// fill writes all of content.
func (x *extraction) fill(fd int, content io.Reader) error {
	for {
		n, err := io.ReadFull(content, x.block)
		for b := x.block[:n]; len(b) > 0; {
			w, err := unix.Write(fd, b)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return fmt.Errorf("write: %w", err)
			}
			b = b[w:]
		}
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) && n < len(x.block) && isEnd(content) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// isEnd says that content has really ended: io.ReadFull says of an archive that was cut in this file what it says of the file's end.
func isEnd(content io.Reader) bool {
	var one [1]byte
	n, err := content.Read(one[:])
	return n == 0 && err == io.EOF
}

// hardLink gives a file of the archive a second name. The link itself is made where the target's name leads, below the folder.
func (x *extraction) hardLink(in int, base string, h *tar.Header) error {
	target := clean(h.Linkname)
	if target == "" {
		return fmt.Errorf("hard link to %.200q, which is the folder of all: %w", h.Linkname, errdefs.ErrInvalidArgument)
	}
	parent, last := split(target)
	from := x.folders.root
	if parent != "" {
		fd, err := x.folders.resolve(parent)
		if err != nil {
			return fmt.Errorf("hard link to %.200q: %w", h.Linkname, err)
		}
		defer unix.Close(fd)
		from = fd
	}
	err := unix.Linkat(from, last, in, base, 0)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("hard link to %.200q: %w", h.Linkname, err)
	}
	return err
}

func node(in int, base string, kind uint32, h *tar.Header) error {
	if h.Devmajor < 0 || h.Devmajor > math.MaxUint32 || h.Devminor < 0 || h.Devminor > math.MaxUint32 {
		return fmt.Errorf("there is no device %d:%d: %w", h.Devmajor, h.Devminor, errdefs.ErrInvalidArgument)
	}
	return unix.Mknodat(in, base, kind|uint32(h.Mode)&0o777, int(unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor))))
}
