package archive

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Stat is what is known of a file without opening it.
type Stat struct {
	Mode    os.FileMode
	Size    int64
	ModTime time.Time
	Link    string // where a symbolic link leads at last: a path in the tree, which may lead to nothing
}

// Stat looks at a path in the tree. If that is a link, it is not followed. Errors: fs.ErrNotExist, ENOTDIR, ELOOP.
func (t Tree) Stat(name string) (Stat, error) {
	fd, err := t.openLeaf(name)
	if err != nil {
		return Stat{}, renamed("lstat", name, err)
	}
	defer unix.Close(fd)
	st, err := statOf(fd)
	if err != nil {
		return Stat{}, renamed("lstat", name, err)
	}
	s := Stat{Mode: fileMode(st.Mode), Size: st.Size, ModTime: modTime(&st)}
	if s.Mode&os.ModeSymlink != 0 {
		s.Link = t.Follow(name)
	}
	return s, nil
}

// renamed gives an error of a lookup with what was looked up from the outside.
func renamed(op, name string, err error) error {
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func modTime(st *unix.Stat_t) time.Time {
	sec, nsec := st.Mtim.Unix()
	return time.Unix(sec, nsec)
}

// fileMode is a mode of stat(2) in the form of package os.
func fileMode(mode uint32) os.FileMode {
	m := os.FileMode(mode & 0o777)
	for _, b := range []struct {
		bit uint32
		is  os.FileMode
	}{{unix.S_ISUID, os.ModeSetuid}, {unix.S_ISGID, os.ModeSetgid}, {unix.S_ISVTX, os.ModeSticky}} {
		if mode&b.bit != 0 {
			m |= b.is
		}
	}
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		m |= os.ModeDir
	case unix.S_IFLNK:
		m |= os.ModeSymlink
	case unix.S_IFIFO:
		m |= os.ModeNamedPipe
	case unix.S_IFSOCK:
		m |= os.ModeSocket
	case unix.S_IFCHR:
		m |= os.ModeDevice | os.ModeCharDevice
	case unix.S_IFBLK:
		m |= os.ModeDevice
	}
	return m
}
