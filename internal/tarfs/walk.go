package tarfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// Walk implements fsutil.FS: it shows what is below a folder, the folder itself if it is not the root, each folder before what is in it and names
// in their order.
func (f *FS) Walk(ctx context.Context, target string, fn fs.WalkDirFunc) error {
	parts, err := clean(target)
	if err != nil {
		return fn(target, nil, &fs.PathError{Op: "walk", Path: target, Err: fs.ErrNotExist})
	}
	w := walk{ctx: ctx, fn: fn, seen: map[*content]string{}}
	if len(parts) == 0 {
		err = w.folder("", f.root)
	} else if n := f.lookup(parts); n == nil {
		err = fn(target, nil, &fs.PathError{Op: "walk", Path: target, Err: fs.ErrNotExist})
	} else {
		err = w.show(path.Join(parts...), n)
	}
	if errors.Is(err, fs.SkipAll) || errors.Is(err, fs.SkipDir) {
		return nil
	}
	return err
}

// walk is one walk through the files.
type walk struct {
	ctx  context.Context
	fn   fs.WalkDirFunc
	seen map[*content]string // what has been shown, by what it holds: further names of it are links
}

// folder shows what is in a folder.
func (w *walk) folder(name string, n *node) error {
	for _, c := range n.sorted {
		err := w.show(path.Join(name, c.name), c)
		if errors.Is(err, fs.SkipDir) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// show shows a file, or a folder with what is in it. The error is SkipDir if no more of the folder that it is in is wanted.
func (w *walk) show(name string, n *node) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	err := w.fn(name, &fsutil.DirEntryInfo{Stat: w.stat(name, n)}, nil)
	if !n.isFolder() {
		return err
	}
	if errors.Is(err, fs.SkipDir) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.folder(name, n)
}

// stat tells what a file is.
func (w *walk) stat(name string, n *node) *types.Stat {
	s := n.stat.Clone()
	s.Path = name
	if n.content == nil {
		return s
	}
	s.Size = n.content.size
	if first, again := w.seen[n.content]; again {
		s.Linkname, s.Size = first, 0
	} else {
		w.seen[n.content] = name
	}
	return s
}

// Open implements fsutil.FS.
func (f *FS) Open(name string) (io.ReadCloser, error) {
	parts, err := clean(name)
	if err != nil {
		return nil, err
	}
	n := f.lookup(parts)
	if n == nil || n.content == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return io.NopCloser(io.NewSectionReader(f.spool, n.content.offset, n.content.size)), nil
}
