package treecopy

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

func (c *copier) ownerOf(st *unix.Stat_t) Owner {
	if c.Owner != nil {
		return *c.Owner
	}
	return Owner{int(st.Uid), int(st.Gid)}
}

// attributes gives what was made the owner, mode, extended attributes and times of what it was made from.
func (c *copier) attributes(p place, name, as string, st *unix.Stat_t) error {
	owner := c.ownerOf(st)
	if err := unix.Fchownat(p.target, as, owner.UID, owner.GID, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFLNK {
		if err := unix.Fchmodat(p.target, as, st.Mode&0o7777, 0); err != nil {
			return err
		}
	}
	from, to := beneath.Handle(p.source)+"/"+name, beneath.Handle(p.target)+"/"+as
	c.extended(join(p.path, name), attributeCalls{
		list: func(b []byte) (int, error) { return unix.Llistxattr(from, b) },
		get:  func(key string, b []byte) (int, error) { return unix.Lgetxattr(from, key, b) },
		set:  func(key string, b []byte) error { return unix.Lsetxattr(to, key, b, 0) },
	})
	return setTimes(p.target, as, st)
}

// fileAttributes copies the extended attributes of an open file.
func (c *copier) fileAttributes(path string, from, to int) {
	c.extended(path, attributeCalls{
		list: func(b []byte) (int, error) { return unix.Flistxattr(from, b) },
		get:  func(key string, b []byte) (int, error) { return unix.Fgetxattr(from, key, b) },
		set:  func(key string, b []byte) error { return unix.Fsetxattr(to, key, b, 0) },
	})
}

// attributeCalls are the system calls for extended attributes, of one file and its copy.
type attributeCalls struct {
	list func(b []byte) (int, error)
	get  func(key string, b []byte) (int, error)
	set  func(key string, b []byte) error
}

// extended copies extended attributes, as far as they can be.
func (c *copier) extended(path string, call attributeCalls) {
	n, err := call.list(nil)
	if err == nil && n == 0 || errors.Is(err, unix.ENOTSUP) {
		return
	}
	names := make([]byte, max(n, 0))
	if err == nil {
		n, err = call.list(names)
	}
	if err != nil {
		c.warn(path, err)
		return
	}
	for key := range strings.SplitSeq(strings.TrimRight(string(names[:n]), "\x00"), "\x00") {
		size, err := call.get(key, nil)
		value := make([]byte, max(size, 0))
		if err == nil && size > 0 {
			size, err = call.get(key, value)
		}
		if err == nil {
			err = call.set(key, value[:size])
		}
		if err != nil {
			c.warn(path, err)
			return
		}
	}
}

func (c *copier) warn(path string, err error) {
	if c.Warn != nil {
		c.Warn("/"+path, err)
	}
}

func setTimes(in int, name string, st *unix.Stat_t) error {
	return unix.UtimesNanoAt(in, name, []unix.Timespec{st.Atim, st.Mtim}, unix.AT_SYMLINK_NOFOLLOW)
}
