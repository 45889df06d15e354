// Package beneath opens and walks what lies below a folder that a descriptor holds, while somebody hostile may be moving things
// about in it. The kernel confines every lookup (openat2(2)); nothing is checked first and used afterwards by its name.
package beneath

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// How a lookup may go.
const (
	// Within follows symbolic links, as if the folder were the root: they and ".." lead to places below it.
	Within = unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS
	// Direct follows none.
	Direct = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS
	// SameMount goes to nothing that is mounted below the folder.
	SameMount = unix.RESOLVE_NO_XDEV
)

// attempts bounds how often a lookup is tried that the kernel gave up, as it does with ".." when a folder on the way is moved.
const attempts = 1000

// Open opens what name leads to from the folder dir; it may be "" or "/" for the folder itself. Errors: *fs.PathError.
func Open(dir int, name string, flags, mode, how uint64) (int, error) {
	if name = strings.TrimLeft(name, "/"); name == "" {
		name = "."
	}
	h := &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Mode: mode, Resolve: how}
	for try := 0; ; try++ {
		fd, err := unix.Openat2(dir, name, h)
		switch {
		case err == nil:
			return fd, nil
		case err == unix.EINTR, err == unix.EAGAIN && try < attempts:
			continue
		}
		return -1, &fs.PathError{Op: "open", Path: name, Err: err}
	}
}

// Handle is a path by which the kernel finds exactly what a descriptor holds, also if that was opened for looking only.
func Handle(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// Reopen opens what a descriptor holds in another way. It must be known to be a regular file or a folder: others do things
// when they are opened.
func Reopen(fd, flags int) (*os.File, error) {
	n, err := unix.Open(Handle(fd), flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(n), "what a descriptor holds"), nil
}

// Absent tells whether an error says that something is not there.
func Absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
