package untar

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Inherit gives folders that Layer has made because something lies in them the looks that they have in the layers below: owner, mode, times, extended
// attributes. lowers are the layers' folders, the topmost first.
func Inherit(dir string, implied, lowers []string) error {
	root, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, err)
	}
	defer unix.Close(root)
	for _, name := range slices.Backward(implied) { // what lies in a folder before the folder: its times last
		if err := inherit(root, name, lowers); err != nil {
			return fmt.Errorf("%.200s: %w", name, err)
		}
	}
	return nil
}

func inherit(root int, name string, lowers []string) error {
	for _, lower := range lowers {
		below, err := unix.Open(lower, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open %s: %w", lower, err)
		}
		from, err := openIn(below, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
		unix.Close(below)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
			return nil // something else has its place there
		}
		if err != nil {
			return err
		}
		defer unix.Close(from)
		to, err := openIn(root, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
		if err != nil {
			return err
		}
		defer unix.Close(to)
		return copyLooks(from, to)
	}
	return nil
}

func copyLooks(from, to int) error {
	var st unix.Stat_t
	if err := unix.Fstat(from, &st); err != nil {
		return err
	}
	if err := unix.Fchown(to, int(st.Uid), int(st.Gid)); err != nil {
		return err
	}
	names := make([]byte, 64<<10)
	n, err := unix.Flistxattr(from, names)
	if err != nil && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	value := make([]byte, 64<<10)
	for attr := range strings.SplitSeq(string(names[:max(n, 0)]), "\x00") {
		if attr == "" || strings.HasPrefix(attr, "trusted.") {
			continue
		}
		n, err := unix.Fgetxattr(from, attr, value)
		if err == nil {
			err = unix.Fsetxattr(to, attr, value[:n], 0)
		}
		if err != nil && !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.ENODATA) {
			return fmt.Errorf("extended attribute %s: %w", attr, err)
		}
	}
	if err := unix.Fchmod(to, st.Mode&0o7777); err != nil {
		return err
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", to), []unix.Timespec{st.Atim, st.Mtim}, 0)
}
