package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// UnpackOptions say how an archive is unpacked.
type UnpackOptions struct {
	// KeepKind refuses a file in the place of a folder, and a folder in the place of what is none.
	KeepKind bool
	// Owner is whom everything will belong to, ids of the tree; nil: to whom the archive says.
	Owner *Owner
}

// Owner is a user and a group.
type Owner struct{ UID, GID int }

// ErrNoFolder says that the place to unpack at is no folder.
var ErrNoFolder = fmt.Errorf("extraction point is not a directory: %w", errdefs.ErrInvalidArgument)

// CheckFolder tells whether a path in the tree leads to a folder. Errors: fs.ErrNotExist, ErrNoFolder.
func (t Tree) CheckFolder(name string) error {
	fd, err := t.open(name, true)
	if err != nil {
		return renamed("lstat", name, err)
	}
	st, err := statOf(fd)
	unix.Close(fd)
	if err != nil {
		return renamed("lstat", name, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return ErrNoFolder
	}
	return nil
}

// Unpack puts the files of an archive, which is not compressed, into a folder of the tree, in the place of those that
// have their names. Names of the archive go through links of the tree, as with cp, but those that lead above the folder are
// refused. Folders that the archive names files in and does not have are made, mode 0755.
// Errors: fs.ErrNotExist, ErrNoFolder, InvalidArgument for what is wrong with the archive, and those of the file system.
func (t Tree) Unpack(ctx context.Context, r io.Reader, folder string, o UnpackOptions) error {
	if err := t.CheckFolder(folder); err != nil {
		return err
	}
	u := &unpacker{Tree: t, UnpackOptions: o, folder: folder, parent: -1, buf: make([]byte, 256<<10), times: NewNotes[time.Time](MaxNotes)}
	defer u.leaveParent()
	return u.read(ctx, r)
}

// read unpacks an archive.
func (u *unpacker) read(ctx context.Context, r io.Reader) error {
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return notRead(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := u.entry(h, Until(ctx, tr)); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil { // checksums of a compression come last
		return notRead(err)
	}
	return u.setTimes()
}

// notRead says what is wrong with an archive that cannot be read.
func notRead(err error) error {
	if errors.Is(err, tar.ErrHeader) {
		return fmt.Errorf("not a tar archive, or a damaged one: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the archive ends in the middle, or is no tar archive: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	return fmt.Errorf("read the archive: %w", err)
}

// unpacker reads one archive into a tree.
type unpacker struct {
	Tree
	UnpackOptions
	folder string
	buf    []byte

	parent     int    // the folder in which the latest file was put; -1: none
	parentName string // its name in the archive
	// times are those that folders, by their names in the archive, are given when all is unpacked, for each file in them changes that.
	times *Notes[time.Time]
}

// entry unpacks one file.
func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	name, err := u.clean(h.Name)
	if err != nil || name == "." {
		return err
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	dir, err := u.parentOf(name)
	if err != nil {
		return u.saying("make", h, err)
	}
	p := place{dir: dir, name: path.Base(name)}
	if err := u.clear(p, h); err != nil {
		return u.saying("replace", h, err)
	}
	if err := u.make(p, h, content); err != nil {
		return u.saying("make", h, err)
	}
	if h.Typeflag == tar.TypeDir {
		return u.times.Put(name, h.ModTime)
	}
	return nil
}

// saying tells which file of the archive could not be unpacked.
func (u *unpacker) saying(what string, h *tar.Header, err error) error {
	if errdefs.IsInvalidArgument(err) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return notRead(err)
	}
	return fmt.Errorf("%s %s: %w", what, path.Join(u.folder, h.Name), err)
}

// clean gives a name of the archive relative to the folder. Errors: InvalidArgument for one that leads above it.
func (u *unpacker) clean(name string) (string, error) {
	clean := path.Clean(strings.TrimLeft(name, "/"))
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("%.200q is outside of %q: %w", name, u.folder, errdefs.ErrInvalidArgument)
	}
	return clean, nil
}

// setTimes gives folders the times of the archive.
func (u *unpacker) setTimes() error {
	for _, name := range u.times.Names() {
		fd, err := u.openFolder(path.Join(u.folder, name))
		if err != nil {
			continue // it has been replaced since
		}
		err = setTime(fd, u.times.Of(name))
		unix.Close(fd)
		if err != nil {
			return fmt.Errorf("set the time of %s: %w", path.Join(u.folder, name), err)
		}
	}
	return nil
}
