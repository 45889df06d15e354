package archive

import (
	"archive/tar"
	"time"

	"golang.org/x/sys/unix"
)

// headerOf is what an archive says of a file with the given name: its kind, mode, owners and time, and the numbers of a
// device. ok is false for what archives cannot hold, which are sockets.
func (t Tree) headerOf(name string, st *unix.Stat_t) (h *tar.Header, ok bool) {
	h = &tar.Header{
		Name: name, Mode: int64(st.Mode & 0o7777), Uid: t.inside(st.Uid), Gid: t.inside(st.Gid),
		ModTime: modTime(st).Truncate(time.Second), // a fraction of it would take a kilobyte more
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		h.Typeflag, h.Size = tar.TypeReg, st.Size
	case unix.S_IFDIR:
		h.Typeflag = tar.TypeDir
		h.Name += "/"
	case unix.S_IFLNK:
		h.Typeflag = tar.TypeSymlink
	case unix.S_IFIFO:
		h.Typeflag = tar.TypeFifo
	case unix.S_IFCHR, unix.S_IFBLK:
		h.Typeflag = tar.TypeChar
		if st.Mode&unix.S_IFMT == unix.S_IFBLK {
			h.Typeflag = tar.TypeBlock
		}
		h.Devmajor, h.Devminor = int64(unix.Major(uint64(st.Rdev))), int64(unix.Minor(uint64(st.Rdev))) //nolint:unconvert // 32 bits on some architectures
	default:
		return nil, false
	}
	return h, true
}

// fileID tells whether two names are of the same file.
type fileID struct{ dev, ino uint64 }

func idOf(st *unix.Stat_t) fileID { return fileID{uint64(st.Dev), st.Ino} } //nolint:unconvert // 32 bits on some architectures
