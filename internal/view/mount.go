package view

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/moby/sys/mountinfo"
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
	switch {
	case !m.ReadOnly:
		return nil
	case m.ReadOnlyTop:
		return readOnly(source)
	}
	err = unix.MountSetattr(source, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if err == unix.ENOSYS { // before Linux 5.12
		return readOnlyEach(source)
	}
	return err
}

// readOnly makes a mount read-only that a descriptor holds the root of.
func readOnly(root int) error {
	return unix.Mount("", beneath.Handle(root), "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}

// readOnlyEach makes a mount read-only, and one by one all that are below it in this thread's mount namespace.
func readOnlyEach(root int) error {
	var st unix.Statx_t
	if err := unix.Statx(root, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &st); err != nil {
		return err
	}
	mounts, err := mountinfo.GetMounts(nil)
	if err != nil {
		return err
	}
	below, place := map[int]bool{int(st.Mnt_id): true}, ""
	for grown := 0; grown < len(below); { // a mount may be listed before the one that it is on
		grown = len(below)
		for _, m := range mounts {
			if m.ID == int(st.Mnt_id) {
				place = m.Mountpoint
			}
			if below[m.Parent] {
				below[m.ID] = true
			}
		}
	}
	for _, m := range mounts {
		if !below[m.ID] || m.ID == int(st.Mnt_id) {
			continue
		}
		if err := readOnlyAt(root, strings.TrimPrefix(m.Mountpoint, place)); err != nil {
			return fmt.Errorf("make the mount on %s read-only: %w", m.Mountpoint, err)
		}
	}
	return readOnly(root)
}

// readOnlyAt makes what is mounted at a path below a mount read-only.
func readOnlyAt(root int, name string) error {
	fd, err := beneath.Open(root, name, unix.O_PATH|unix.O_NOFOLLOW, 0, beneath.Direct)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return readOnly(fd)
}
