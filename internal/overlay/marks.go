package overlay

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// IsWhiteout tells whether a file of a layer says that its name is deleted.
func IsWhiteout(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == 0 }

// IsOpaque tells whether the folder of a layer that a descriptor holds hides what the layers below have in it.
func IsOpaque(fd int) bool {
	var v [2]byte
	n, err := unix.Getxattr("/proc/self/fd/"+strconv.Itoa(fd), "trusted.overlay.opaque", v[:])
	return err == nil && n == 1 && v[0] == 'y'
}
