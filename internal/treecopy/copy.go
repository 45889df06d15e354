package treecopy

import (
	"context"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// Owner is who all that is copied becomes owned by.
type Owner struct{ UID, GID int }

// Options are how a copy differs from what is copied.
type Options struct {
	Owner *Owner // nil leaves each its own
	// Warn is told of extended attributes that could not be copied; the copy goes on without.
	Warn func(path string, err error)
}

// Contents copies what is in the folder from into the folder to, and gives that the times of from. What is there already is replaced, but
// for folders: they get the attributes of those that come, and keep what they have. Links are not followed. Errors: what the system says, with names below from; EISDIR or
// ENOTDIR where a folder meets something else.
func Contents(ctx context.Context, from, to string, o Options) error {
	c, p, err := begin(from, to, o)
	if err != nil {
		return err
	}
	defer p.close()
	var st unix.Stat_t
	if err := unix.Fstat(p.source, &st); err != nil {
		return wrap("stat", "/", err)
	}
	if err := c.entries(ctx, p); err != nil {
		return err
	}
	return wrap("set the times of", "/", setTimes(unix.AT_FDCWD, to, &st))
}

// File copies what lies at from, which is no folder, to a name in the folder to. Errors: as those of Contents.
func File(ctx context.Context, from, to, name string, o Options) error {
	c, p, err := begin(filepath.Dir(from), to, o)
	if err != nil {
		return err
	}
	defer p.close()
	return c.entry(ctx, p, filepath.Base(from), name)
}

// begin opens the two folders of a copy.
func begin(from, to string, o Options) (*copier, place, error) {
	p, err := open(place{source: unix.AT_FDCWD, target: unix.AT_FDCWD}, from, to, 0)
	return &copier{Options: o, linked: map[uint64]string{}, top: p.target}, p, wrap("open", "/", err)
}

// copier is one copy.
type copier struct {
	Options
	linked map[uint64]string // where files that have several names were copied to first, below top
	top    int               // the folder that is copied into
}

// place is a folder that is copied, and the one that it becomes.
type place struct {
	source, target int
	path           string // below the topmost
	fresh          bool   // the target has just been made: nothing is in it but what was copied
	group          int    // of what is made in the target
}

// open opens a folder of each of a place's, with flags besides the usual ones. The place that they are is closed when it is copied.
func open(in place, from, to string, flags int) (p place, err error) {
	flags |= unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
	if p.source, err = unix.Openat(in.source, from, flags, 0); err != nil {
		return p, err
	}
	if p.target, err = unix.Openat(in.target, to, flags, 0); err != nil {
		unix.Close(p.source)
		return p, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(p.target, &st); err != nil {
		p.close()
		return p, err
	}
	if p.group = unix.Getegid(); st.Mode&unix.S_ISGID != 0 {
		p.group = int(st.Gid)
	}
	return p, nil
}

func (p place) close() {
	unix.Close(p.source)
	unix.Close(p.target)
}

// join is a name in a folder below the topmost, whose own path is empty.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// share is how many names one thread takes at a time.
const share = 64

// entries copies what is in a folder: plain files first, by several threads, and then what is anything else.
func (c *copier) entries(ctx context.Context, p place) error {
	names, err := beneath.Names(p.source)
	if err != nil {
		return wrap("read folder", "/"+p.path, err)
	}
	others := make([][]string, (len(names)+share-1)/share)
	threads, whileAll := errgroup.WithContext(ctx)
	threads.SetLimit(runtime.GOMAXPROCS(0))
	for i := range others {
		part := names[i*share : min((i+1)*share, len(names))]
		copyPart := func() error {
			var w worker
			for _, name := range part {
				done, err := c.plain(whileAll, &w, p, name)
				if err != nil {
					return err
				}
				if !done {
					others[i] = append(others[i], name)
				}
			}
			return nil
		}
		if len(others) == 1 {
			err = copyPart()
		} else {
			threads.Go(copyPart)
		}
	}
	if werr := threads.Wait(); err == nil {
		err = werr
	}
	if err != nil {
		return err
	}
	for _, part := range others {
		for _, name := range part {
			if err := c.entry(ctx, p, name, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry copies something of a folder, under a name.
func (c *copier) entry(ctx context.Context, p place, name, as string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	path := "/" + join(p.path, name)
	var st unix.Stat_t
	if err := unix.Fstatat(p.source, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return wrap("stat", path, err)
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return wrap("copy folder", path, c.folder(ctx, p, name, &st))
	}
	if !p.fresh {
		if err := makeRoom(p.target, as); err != nil {
			return wrap("replace", path, err)
		}
	}
	return wrap("copy", path, c.make(p, name, as, &st))
}

// makeRoom removes what has the name, if it is no folder.
func makeRoom(in int, name string) error {
	if err := unix.Unlinkat(in, name, 0); err != nil && !beneath.Absent(err) {
		return err
	}
	return nil
}

// folder copies a folder, or into one that is there.
func (c *copier) folder(ctx context.Context, p place, name string, st *unix.Stat_t) error {
	err := unix.Mkdirat(p.target, name, st.Mode&0o7777)
	fresh := err == nil
	if err != nil && !os.IsExist(err) {
		return err
	}
	into, err := open(p, name, name, unix.O_NOFOLLOW)
	if err != nil {
		return err
	}
	defer into.close()
	into.path, into.fresh = join(p.path, name), fresh
	if err := c.entries(ctx, into); err != nil {
		return err
	}
	return c.attributes(p, name, name, st)
}

// make makes what is no folder.
func (c *copier) make(p place, name, as string, st *unix.Stat_t) error {
	var err error
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		first, linked := c.linked[st.Ino]
		if !linked {
			if st.Nlink > 1 {
				c.linked[st.Ino] = join(p.path, as)
			}
			return c.file(&worker{}, p, name, as, st)
		}
		err = unix.Linkat(c.top, first, p.target, as, 0)
	case unix.S_IFLNK:
		aim := make([]byte, st.Size+1)
		n, rerr := unix.Readlinkat(p.source, name, aim)
		if rerr != nil {
			return rerr
		}
		err = unix.Symlinkat(string(aim[:n]), p.target, as)
	case unix.S_IFSOCK: // nobody listens on a copy: it is a file
		err = unix.Mknodat(p.target, as, st.Mode&0o7777|unix.S_IFREG, 0)
	default:
		err = unix.Mknodat(p.target, as, st.Mode, int(st.Rdev))
	}
	if err != nil {
		return err
	}
	return c.attributes(p, name, as, st)
}

// wrap gives an error of the system's the words for what was being done; one that has its words already stays as it is.
func wrap(what, path string, err error) error {
	if err == nil {
		return nil
	}
	if errno, ok := err.(unix.Errno); ok { //nolint:errorlint // only what has no words yet
		return &os.PathError{Op: what, Path: path, Err: errno}
	}
	return err
}
