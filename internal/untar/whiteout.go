package untar

import (
	"archive/tar"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/overlay"
)

// aufsPrefix is before names that are aufs's own records, but for archive.OpaqueMarker.
const aufsPrefix = archive.WhiteoutPrefix + archive.WhiteoutPrefix

// whiteout deletes in the layers below; what this layer itself has stays, be it before or after in the archive. In a lowest layer there is nothing to
// delete.
func (x *extraction) whiteout(in int, base string, h *tar.Header) error {
	x.deletes = true
	name := base[len(archive.WhiteoutPrefix):]
	switch {
	case base == archive.OpaqueMarker:
		if !x.overlay {
			return nil
		}
		return overlay.SetOpaque(in, ".")
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
		return overlay.SetOpaque(in, name)
	}
	return err
}
