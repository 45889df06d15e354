package tarfs

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/tonistiigi/fsutil/types"
	"golang.org/x/sys/unix"

	"tug/internal/room"
)

const (
	// maxName is how long a name may be, in bytes, and maxDepth how many folders it may lead through: the kernel would not take a longer one.
	maxName, maxDepth = unix.PathMax - 1, 1024
	// maxNames bounds the memory that the names, links and attributes of an archive take, in bytes.
	maxNames = 256 << 20
	// permissions are what an archive says of a file's mode; its kind is said elsewhere.
	permissions = os.ModePerm | os.ModeSetuid | os.ModeSetgid | os.ModeSticky
	// perEntry is what an entry takes in memory besides, in bytes.
	perEntry = 256
)

// FS are the files of an archive.
type FS struct {
	root   *node
	spool  *os.File // what the files hold, one after another
	names  int64    // bytes of memory that entries take
	digest string
}

// Read reads an archive to its end. What its files hold is kept in a file in dir that has no name, until Close. Errors: InvalidArgument for what is
// no archive, is cut short, or has in it what it must not have; ENOSPC if it does not fit on the disk.
func Read(archive io.Reader, dir string) (_ *FS, err error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make room for an archive: %w", err)
	}
	f := &FS{root: newFolder(""), spool: os.NewFile(uintptr(fd), "archive")}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	sum := sha256.New()
	w := &spooling{to: bufio.NewWriterSize(f.spool, 256<<10), room: room.At(fd)}
	t := tar.NewReader(io.TeeReader(archive, sum))
	for {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		if err := f.add(h, t, w); err != nil {
			return nil, fmt.Errorf("entry %.200q of the archive: %w", h.Name, err)
		}
	}
	if err := w.to.Flush(); err != nil {
		return nil, err
	}
	f.root.sort()
	f.digest = hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

// broken says of what cannot be read that it is the archive's fault, if it is.
func broken(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("what was sent is no tar archive, or not the whole of one: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	return fmt.Errorf("read the archive: %w", err)
}

// Digest tells archives with the same bytes from others.
func (f *FS) Digest() string { return f.digest }

// Close gives up what the archive takes.
func (f *FS) Close() error { return f.spool.Close() }

// count says that one more entry takes memory, with so much text. Errors: InvalidArgument.
func (f *FS) count(texts ...string) error {
	f.names += perEntry
	for _, t := range texts {
		f.names += int64(len(t))
	}
	if f.names > maxNames {
		return fmt.Errorf("the archive has more entries than fit: %w", errdefs.ErrInvalidArgument)
	}
	return nil
}

// add takes an entry.
func (f *FS) add(h *tar.Header, from io.Reader, w *spooling) error {
	if h.Typeflag == tar.TypeXGlobalHeader { // git writes one, with the commit
		return nil
	}
	parts, err := clean(h.Name)
	if err != nil {
		return err
	}
	if len(parts) > maxDepth {
		return fmt.Errorf("it lies more than %d folders deep: %w", maxDepth, errdefs.ErrInvalidArgument)
	}
	if err := f.count(h.Name, h.Linkname); err != nil {
		return err
	}
	n := &node{stat: &types.Stat{Mode: uint32(h.FileInfo().Mode() & permissions), ModTime: nanoseconds(h.ModTime)}}
	if err := f.attributes(n, h); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		n.children = map[string]*node{}
		n.stat.Mode |= uint32(os.ModeDir)
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont, 0:
		n.content, err = w.keep(from, h.Size)
	case tar.TypeLink:
		n, err = f.link(h.Linkname)
	case tar.TypeSymlink:
		if len(h.Linkname) > maxName {
			return fmt.Errorf("it leads to a name that is too long: %w", errdefs.ErrInvalidArgument)
		}
		n.stat.Mode |= uint32(os.ModeSymlink)
		n.stat.Linkname, n.stat.Size = h.Linkname, int64(len(h.Linkname))
	case tar.TypeFifo:
		n.stat.Mode |= uint32(os.ModeNamedPipe)
	case tar.TypeChar, tar.TypeBlock:
		err = fmt.Errorf("it is a device, which nothing that is sent may be: %w", errdefs.ErrInvalidArgument)
	default:
		err = fmt.Errorf("it is of the unknown type %q: %w", h.Typeflag, errdefs.ErrInvalidArgument)
	}
	if err != nil {
		return err
	}
	return f.put(parts, n)
}

// link gives a file of the archive once more, for another name.
func (f *FS) link(to string) (*node, error) {
	parts, err := clean(to)
	if err != nil {
		return nil, fmt.Errorf("hard link to %.200q: %w", to, err)
	}
	of := f.lookup(parts)
	if of == nil || of.isFolder() {
		return nil, fmt.Errorf("hard link to %.200q, which is no file of the archive before it: %w", to, errdefs.ErrInvalidArgument)
	}
	return &node{stat: of.stat, content: of.content}, nil
}

// attributeRecord begins the names of records that are extended attributes.
const attributeRecord = "SCHILY.xattr."

// attributes takes the extended attributes that mean something in an image: what programs and people set, and the capabilities of programs. Others
// mean something to the host, such as those of overlay.
func (f *FS) attributes(n *node, h *tar.Header) error {
	for name, value := range h.PAXRecords {
		key, ok := strings.CutPrefix(name, attributeRecord)
		if !ok || key != "security.capability" && !strings.HasPrefix(key, "user.") {
			continue
		}
		if h.Typeflag == tar.TypeSymlink {
			continue // which has none on any file system
		}
		if err := f.count(key, value); err != nil {
			return err
		}
		if n.stat.Xattrs == nil {
			n.stat.Xattrs = map[string][]byte{}
		}
		n.stat.Xattrs[key] = []byte(value)
	}
	return nil
}

// nanoseconds is a time in nanoseconds since 1970, or 1970 where it is too far from it to be counted so.
func nanoseconds(t time.Time) int64 {
	if s := t.Unix(); s < math.MinInt64/int64(time.Second)+1 || s > math.MaxInt64/int64(time.Second)-1 {
		return 0
	}
	return t.UnixNano()
}

// spooling writes what files hold one after another.
type spooling struct {
	to   *bufio.Writer
	room *room.Room
	at   int64
}

// keep keeps what a file holds.
func (w *spooling) keep(from io.Reader, size int64) (*content, error) {
	if err := w.room.Take(size); err != nil {
		return nil, err
	}
	n, err := io.Copy(w.to, from)
	if err != nil {
		return nil, broken(err)
	}
	if n != size {
		return nil, broken(io.ErrUnexpectedEOF)
	}
	c := &content{offset: w.at, size: size}
	w.at += size
	return c, nil
}
