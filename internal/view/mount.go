package view

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/beneath"
)

// attach mounts on a place below root, which is made if it is missing. A source that is gone is passed over: the rest of the
// container can still be looked at.
func (m Mount) attach(root int) error {
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC)
	if !m.NonRecursive {
		flags |= unix.AT_RECURSIVE
	}
	source, err := unix.OpenTree(unix.AT_FDCWD, m.Source, flags)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(source)
	var st unix.Stat_t
	if err := unix.Fstat(source, &st); err != nil {
		return err
	}
	target, err := (archive.Tree{Root: root}).Place(m.Destination, st.Mode&unix.S_IFMT != unix.S_IFDIR)
	if err != nil {
		return err
	}
	defer unix.Close(target)
	if err := unix.MoveMount(source, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH); err != nil {
		return err
	}
	if m.ReadOnly {
		return readOnly(source)
	}
	return nil
}

// readOnly makes a mount read-only that a descriptor holds the root of.
func readOnly(root int) error {
	return unix.Mount("", beneath.Handle(root), "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}
