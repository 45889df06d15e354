package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// make puts a file in its place, and gives it owner, mode, attributes and time. It is made unreadable to others, and what
// becomes of it is done to a descriptor that is known to hold it, so that who puts something else in the place gains nothing.
func (u *unpacker) make(p place, h *tar.Header, content io.Reader) error {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		return u.makeFile(p, h, content)
	case tar.TypeDir:
		fd, err := u.makeFolder(p, 0o700)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return u.finish(fd, h)
	case tar.TypeLink:
		return u.makeLink(p, h)
	case tar.TypeSymlink:
		if err := unix.Symlinkat(h.Linkname, p.dir, p.name); err != nil {
			return err
		}
	case tar.TypeFifo, tar.TypeChar, tar.TypeBlock:
		kind := map[byte]uint32{tar.TypeFifo: unix.S_IFIFO, tar.TypeChar: unix.S_IFCHR, tar.TypeBlock: unix.S_IFBLK}[h.Typeflag]
		if err := unix.Mknodat(p.dir, p.name, kind|0o600, int(unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor)))); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%.200q: files of type %q are not unpacked: %w", h.Name, h.Typeflag, errdefs.ErrInvalidArgument)
	}
	fd, err := p.open(unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if st, err := statOf(fd); err != nil {
		return err
	} else if was, ok := u.headerOf("", &st); !ok || was.Typeflag != h.Typeflag || st.Nlink != 1 {
		return fmt.Errorf("somebody else put something there: %w", errdefs.ErrAborted)
	}
	return u.finish(fd, h)
}

// makeFile makes a regular file. One that is still there has something mounted on it, and is written to.
func (u *unpacker) makeFile(p place, h *tar.Header, content io.Reader) error {
	fd, err := p.open(unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		fd, err = p.rewrite()
	}
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), p.name)
	defer f.Close()
	if _, err := io.CopyBuffer(onlyWriter{f}, content, u.buf); err != nil {
		return err
	}
	return u.finish(fd, h)
}

// rewrite opens a regular file that is there, and empties it.
func (p place) rewrite() (int, error) {
	fd, err := p.open(unix.O_PATH, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	if st, err := statOf(fd); err != nil {
		return -1, err
	} else if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return -1, fs.ErrExist
	}
	return unix.Open(beneath.Handle(fd), unix.O_WRONLY|unix.O_TRUNC|unix.O_CLOEXEC, 0)
}

// makeLink gives a file that was unpacked before, or is there, a second name.
func (u *unpacker) makeLink(p place, h *tar.Header) error {
	name, err := u.clean(h.Linkname)
	if err != nil {
		return err
	}
	dir, err := u.openFolder(path.Join(u.folder, path.Dir(name)))
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return unix.Linkat(dir, path.Base(name), p.dir, p.name, 0)
}

// finish gives what a descriptor holds the owner, mode, attributes and time that the archive says. A change of the owner takes
// set-id bits and capabilities away, so it comes first.
func (u *unpacker) finish(fd int, h *tar.Header) error {
	owner := u.Owner
	if owner == nil {
		owner = &Owner{h.Uid, h.Gid}
	}
	if err := u.own(fd, owner); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeSymlink {
		if err := unix.Fchmodat(unix.AT_FDCWD, beneath.Handle(fd), uint32(h.Mode)&0o7777, 0); err != nil {
			return err
		}
		if err := u.setAttributes(fd, h.PAXRecords); err != nil {
			return err
		}
	}
	return setTime(fd, h.ModTime)
}

// setTime sets the times of what a descriptor holds, which may be a link.
func setTime(fd int, t time.Time) error {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	at, err := unix.TimeToTimespec(t)
	if err != nil {
		return nil //nolint:nilerr // a time that this machine cannot express stays as it is
	}
	return utimensat(fd, [2]unix.Timespec{at, at})
}

// onlyWriter hides what else a file can do, so that it is written from the buffer that is there.
type onlyWriter struct{ io.Writer }
