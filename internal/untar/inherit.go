package untar

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
	"tug/internal/overlay"
)

// Inherit gives folders that Layer has made because something lies in them the looks that they have in the layers below: owner, mode, times, extended
// attributes. lowers are the layers' folders, the topmost first; what one of them, or dir itself, hides of those below is not looked at.
func Inherit(dir string, implied, lowers []string) error {
	root, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, err)
	}
	defer unix.Close(root)
	stack := overlay.NewStack(append([]string{dir}, lowers...))
	for _, name := range implied {
		if err := inherit(root, name, stack); err != nil {
			return fmt.Errorf("%.200s: %w", name, err)
		}
	}
	return nil
}

// inherit is Inherit of one folder. Where something else was put in its place, or in that of one above, there is nothing to be done.
func inherit(root int, name string, stack *overlay.Stack) error {
	to, err := beneath.Open(root, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0, beneath.Direct)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(to)
	from, err := stack.OpenBelow(name)
	if beneath.Absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer from.Close()
	return copyLooks(int(from.Fd()), to)
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
