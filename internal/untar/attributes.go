package untar

import (
	"archive/tar"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/archive"
)

// attributes gives what was just made its owner, extended attributes, mode and times.
func (x *extraction) attributes(in int, base, name string, h *tar.Header) error {
	if h.Uid < 0 || h.Uid >= math.MaxUint32 || h.Gid < 0 || h.Gid >= math.MaxUint32 {
		return fmt.Errorf("its owner is %d:%d, which nobody can be: %w", h.Uid, h.Gid, errdefs.ErrInvalidArgument)
	}
	if x.setMode.chown(h) {
		if err := unix.Fchownat(in, base, h.Uid, h.Gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return fmt.Errorf("owner %d:%d: %w", h.Uid, h.Gid, err)
		}
	}
	if err := x.xattrs(in, base, h); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeSymlink && x.setMode.chmod(h) {
		if err := chmod(in, base, h); err != nil {
			return fmt.Errorf("mode %o: %w", h.Mode, err)
		}
	}
	times := fileTimes(h)
	if h.Typeflag == tar.TypeDir { // what is made in it would change it again
		return x.folders.notes.Put(name, note{times: times})
	}
	return unix.UtimesNanoAt(in, base, times[:], unix.AT_SYMLINK_NOFOLLOW)
}

// chmod sets the mode of what is no symbolic link; a hard link may be one by another name.
func chmod(in int, base string, h *tar.Header) error {
	if h.Typeflag == tar.TypeLink {
		var st unix.Stat_t
		if err := unix.Fstatat(in, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || st.Mode&unix.S_IFMT == unix.S_IFLNK {
			return err
		}
	}
	return unix.Fchmodat(in, base, uint32(h.Mode)&0o7777, 0)
}

// xattrs sets the extended attributes. Those of the kernel's own (trusted), which are overlay's, are not an archive's to set.
func (x *extraction) xattrs(in int, base string, h *tar.Header) error {
	for key, value := range h.PAXRecords {
		attr, ok := strings.CutPrefix(key, archive.AttributeRecord)
		if !ok || strings.HasPrefix(attr, "trusted.") {
			continue
		}
		if strings.HasPrefix(attr, "system.posix_acl") {
			x.setMode.always = true // what is made below inherits
		}
		err := unix.Lsetxattr(fmt.Sprintf("/proc/self/fd/%d/%s", in, base), attr, []byte(value), 0)
		switch {
		case errors.Is(err, unix.ENOTSUP): // by this file system
		case errors.Is(err, unix.EPERM) && strings.HasPrefix(attr, "user.") && h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir: // see xattr(7)
		case err != nil:
			return fmt.Errorf("extended attribute %.100s: %w", attr, err)
		}
	}
	return nil
}

// modes knows when what was made has the owner and the mode that it is to have already.
type modes struct {
	root   bool   // files are made as 0:0
	umask  uint32 // of this process
	always bool   // set them all: a folder has the set-group-id bit, or a list that is inherited
}

func newModes() modes {
	m := modes{root: os.Geteuid() == 0 && os.Getegid() == 0, umask: 0o777}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return m
	}
	if _, rest, ok := strings.Cut(string(status), "\nUmask:"); ok {
		_, _ = fmt.Sscanf(rest, "%o", &m.umask)
	}
	return m
}

func (m *modes) chown(h *tar.Header) bool {
	if h.Typeflag == tar.TypeDir && h.Mode&0o2000 != 0 {
		m.always = true
	}
	return m.always || !m.root || h.Uid != 0 || h.Gid != 0 || h.Typeflag == tar.TypeLink || h.Typeflag == tar.TypeDir
}

func (m *modes) chmod(h *tar.Header) bool {
	return m.always || h.Mode&0o7000 != 0 || uint32(h.Mode)&m.umask != 0 || h.Typeflag == tar.TypeLink || h.Typeflag == tar.TypeDir
}

// finish sets the times of all folders that are still there, and names those that the archive has only files in.
func (x *extraction) finish() (implied []string, err error) {
	for _, name := range x.folders.notes.Names() {
		n := x.folders.notes.Of(name)
		if n.implied {
			implied = append(implied, name)
			continue
		}
		parent, base := split(name)
		in, err := x.folders.find(parent)
		if err == nil {
			err = unix.UtimesNanoAt(in, base, n.times[:], unix.AT_SYMLINK_NOFOLLOW)
		}
		if err != nil && !gone(err) {
			return nil, fmt.Errorf("%.200s: times: %w", name, err)
		}
	}
	return implied, nil
}

// gone says that something else has been put where something was.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP)
}

// fileTimes are an entry's times of access and of change; the former is not before the latter.
func fileTimes(h *tar.Header) [2]unix.Timespec {
	access := h.AccessTime
	if access.Before(h.ModTime) {
		access = h.ModTime
	}
	return [2]unix.Timespec{timespec(access), timespec(h.ModTime)}
}

// timespec is a time as the kernel takes it; what no file system can hold becomes 1970.
func timespec(t time.Time) unix.Timespec {
	if t.Before(time.Unix(0, 0)) || t.After(time.Unix(math.MaxInt64/int64(time.Second), 0)) {
		t = time.Unix(0, 0)
	}
	return unix.NsecToTimespec(t.UnixNano())
}
