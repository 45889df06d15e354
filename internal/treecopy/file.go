package treecopy

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// worker copies plain files, one after the other.
type worker struct{ buffer []byte }

// bufferSize is how much of a file is read at a time. Files larger than that the kernel copies itself, if it can.
const bufferSize = 256 << 10

// plain copies a name of a folder if it is a file that has no other name.
func (c *copier) plain(ctx context.Context, w *worker, p place, name string) (done bool, err error) {
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	var st unix.Stat_t
	path := "/" + join(p.path, name)
	if err := unix.Fstatat(p.source, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return false, wrap("stat", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink > 1 {
		return false, nil
	}
	return true, wrap("copy", path, c.file(w, p, name, name, &st))
}

// file copies a file with its attributes.
func (c *copier) file(w *worker, p place, name, as string, st *unix.Stat_t) error {
	from, err := unix.Openat(p.source, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(from)
	to, err := create(p, as)
	if err != nil {
		return err
	}
	defer unix.Close(to)
	if err := w.content(to, from, st.Size); err != nil {
		return err
	}
	owner := c.ownerOf(st)
	if owner != (Owner{0, p.group}) {
		if err := unix.Fchown(to, owner.UID, owner.GID); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(to, st.Mode&0o7777); err != nil {
		return err
	}
	c.fileAttributes(join(p.path, name), from, to)
	return setTimes(p.target, as, st)
}

// create makes a file that is open to write, in the place of one that is there.
func create(p place, name string) (int, error) {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(p.target, name, flags, 0o600)
	if p.fresh || !errors.Is(err, unix.EEXIST) {
		return fd, err
	}
	if err := makeRoom(p.target, name); err != nil {
		return -1, err
	}
	return unix.Openat(p.target, name, flags, 0o600)
}

// content copies what is in a file.
func (w *worker) content(to, from int, size int64) error {
	if size > bufferSize {
		if copied, err := inKernel(to, from, size); copied || err != nil {
			return err
		}
	}
	if w.buffer == nil {
		w.buffer = make([]byte, bufferSize)
	}
	for at := int64(0); ; {
		n, err := unix.Read(from, w.buffer)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
		if err := writeAll(to, w.buffer[:n]); err != nil {
			return err
		}
		if at += int64(n); at == size { // it is not asked whether there is more
			return nil
		}
	}
}

func writeAll(to int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(to, b)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrShortWrite
		}
		b = b[n:]
	}
	return nil
}

// inKernel has the kernel copy a file, which may share what both have. It does not where that is not possible; then nothing was copied.
func inKernel(to, from int, size int64) (bool, error) {
	for left := size; left > 0; {
		n, err := unix.CopyFileRange(from, nil, to, nil, int(min(left, 1<<30)), 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if (err != nil || n == 0) && left == size {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if n == 0 { // it has become shorter
			return true, nil
		}
		left -= int64(n)
	}
	return true, nil
}
