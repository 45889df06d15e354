package overlay

import (
	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// opaque is the extended attribute of a folder that hides what lies below it.
const opaque = "trusted.overlay.opaque"

// IsWhiteout tells whether a file of a layer says that its name is deleted.
func IsWhiteout(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == 0 }

// IsOpaque tells whether the folder of a layer that a descriptor holds hides what the layers below have in it.
func IsOpaque(fd int) bool {
	var v [2]byte
	n, err := unix.Getxattr(beneath.Handle(fd), opaque, v[:])
	return err == nil && n == 1 && v[0] == 'y'
}

// SetOpaque makes a folder of a layer, that of a name in the folder dir, hide what the layers below have in it.
func SetOpaque(dir int, name string) error {
	fd, err := beneath.Open(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0, beneath.Within)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Fsetxattr(fd, opaque, []byte{'y'}, 0)
}
