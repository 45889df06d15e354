package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// place is where a file is to be: a name in a folder that is held open. It is never looked up through a link.
type place struct {
	dir  int
	name string
}

// stat looks at what is there. Errors: ENOENT.
func (p place) stat() (st unix.Stat_t, err error) {
	err = unix.Fstatat(p.dir, p.name, &st, unix.AT_SYMLINK_NOFOLLOW)
	return st, err
}

// open opens what is there.
func (p place) open(flags uint64, mode uint32) (int, error) {
	return beneath.Open(p.dir, p.name, flags|unix.O_NOFOLLOW, uint64(mode), beneath.Direct)
}

// parentOf gives the folder for a file of the archive, which is held until another one is asked for.
func (u *unpacker) parentOf(name string) (int, error) {
	parent := path.Dir(name)
	if u.parent >= 0 && u.parentName == parent {
		return u.parent, nil
	}
	fd, err := u.openFolder(path.Join(u.folder, parent))
	if beneath.Absent(err) {
		fd, err = u.makeFolders(parent)
	}
	if err != nil {
		return -1, err
	}
	u.leaveParent()
	u.parent, u.parentName = fd, parent
	return fd, nil
}

func (u *unpacker) leaveParent() {
	if u.parent >= 0 {
		unix.Close(u.parent)
		u.parent = -1
	}
}

// makeFolders makes a folder and those above it that are missing.
func (u *unpacker) makeFolders(name string) (int, error) {
	at, err := u.openFolder(u.folder)
	if err != nil || name == "" {
		return at, err
	}
	done := u.folder
	for part := range strings.SplitSeq(name, "/") {
		done = path.Join(done, part)
		next, err := u.openFolder(done)
		if beneath.Absent(err) {
			if next, err = u.makeFolder(place{at, part}, 0o755); err == nil {
				err = errors.Join(u.own(next, u.Owner), unix.Fchmodat(unix.AT_FDCWD, beneath.Handle(next), 0o755, 0))
			}
		}
		unix.Close(at)
		if err != nil {
			return -1, err
		}
		at = next
	}
	return at, nil
}

// Place opens what a path in the tree leads to, to mount something on it, and makes it if it is missing: a folder, or an
// empty file.
func (t Tree) Place(name string, file bool) (int, error) {
	fd, err := t.open(name, true)
	if !beneath.Absent(err) {
		return fd, err
	}
	u := &unpacker{Tree: t, folder: "/"}
	name = t.Follow(name) // a link that leads to nothing says where it is to be
	if !file {
		return u.makeFolders(name[1:])
	}
	dir, err := u.makeFolders(path.Dir(name)[1:])
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	p := place{dir, path.Base(name)}
	made, err := p.open(unix.O_WRONLY|unix.O_CREAT, 0o644)
	if err != nil {
		return -1, err
	}
	unix.Close(made)
	return p.open(unix.O_PATH, 0)
}

// makeFolder makes a folder, or takes one that is there, and opens it.
func (u *unpacker) makeFolder(p place, mode uint32) (int, error) {
	if err := unix.Mkdirat(p.dir, p.name, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return -1, err
	}
	return p.open(unix.O_PATH|unix.O_DIRECTORY, 0)
}

// own gives what a descriptor holds to somebody; nil: to the tree's root.
func (u *unpacker) own(fd int, o *Owner) error {
	if o == nil {
		o = &Owner{}
	}
	return unix.Fchownat(fd, "", u.outside(o.UID), u.outside(o.GID), unix.AT_EMPTY_PATH)
}

// clear takes away what is in the place of a file, but for a folder in the place of one, and for a file that something is
// mounted on, whose content is then replaced.
func (u *unpacker) clear(p place, h *tar.Header) error {
	st, err := p.stat()
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	there, comes := st.Mode&unix.S_IFMT == unix.S_IFDIR, h.Typeflag == tar.TypeDir
	switch {
	case there && comes:
		return nil
	case u.KeepKind && there:
		return fmt.Errorf("cannot overwrite directory %q with non-directory %q: %w", path.Join(u.folder, h.Name), u.folder, errdefs.ErrInvalidArgument)
	case u.KeepKind && comes:
		return fmt.Errorf("cannot overwrite non-directory %q with directory %q: %w", path.Join(u.folder, h.Name), u.folder, errdefs.ErrInvalidArgument)
	case there:
		return removeFolder(p)
	}
	err = unix.Unlinkat(p.dir, p.name, 0)
	if err == unix.EBUSY && st.Mode&unix.S_IFMT == unix.S_IFREG && h.Typeflag == tar.TypeReg || err == unix.ENOENT {
		return nil
	}
	return err
}
