package untar

import (
	"archive/tar"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

const (
	whiteoutPrefix = ".wh."         // before the name of what is deleted
	opaqueName     = ".wh..wh..opq" // deletes all that the folder has in lower layers
	aufsPrefix     = ".wh..wh."     // other names of that kind are aufs's own records
	opaqueAttr     = "trusted.overlay.opaque"
)

// whiteout deletes in the layers below; what this layer itself has stays, be it before or after in the archive. In a lowest layer there is nothing to
// delete.
func (x *extraction) whiteout(in int, base string, h *tar.Header) error {
	x.deletes = true
	name := base[len(whiteoutPrefix):]
	switch {
	case base == opaqueName:
		if !x.overlay {
			return nil
		}
		return setOpaque(in, ".")
	case strings.HasPrefix(base, aufsPrefix):
		return nil
	case name == "" || name == "." || name == "..":
		return fmt.Errorf("it deletes %q, which is no file's name: %w", name, errdefs.ErrInvalidArgument)
	case !x.overlay:
		return nil
	}
	err := unix.Mknodat(in, name, unix.S_IFCHR, 0)
	if errors.Is(err, unix.EEXIST) {
		var st unix.Stat_t
		if err := unix.Fstatat(in, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return nil // it hides what is below anyway
		}
		return setOpaque(in, name)
	}
	return err
}

// setOpaque hides what a folder has in lower layers.
func setOpaque(in int, base string) error {
	fd, err := openIn(in, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Fsetxattr(fd, opaqueAttr, []byte{'y'}, 0)
}
