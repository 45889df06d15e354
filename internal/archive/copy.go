package archive

import (
	"archive/tar"
	"context"
	"io"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// CopyTo puts all that is in a folder of the tree into the top folder of another one, which gets the owner and the mode of the folder
// too. Somebody hostile may be changing either meanwhile. Errors: fs.ErrNotExist, ENOTDIR, and those of Pack and Unpack.
func (t Tree) CopyTo(ctx context.Context, to Tree, folder string) error {
	fd, err := t.openFolder(folder)
	if err != nil {
		return renamed("open", folder, err)
	}
	defer unix.Close(fd)
	from := Tree{Root: fd, FirstID: t.FirstID}
	out, in := io.Pipe()
	packed := make(chan struct{})
	go func() {
		defer close(packed)
		w := tar.NewWriter(in)
		err := from.Pack(ctx, w, "/", PackOptions{ExactTimes: true})
		if err == nil {
			err = w.Close()
		}
		in.CloseWithError(err)
	}()
	err = to.Unpack(ctx, out, "/", UnpackOptions{})
	out.CloseWithError(err)
	<-packed
	if err != nil {
		return err
	}
	return from.lendTop(to)
}

// lendTop gives the top folder of another tree the owner and the mode of this one's.
func (t Tree) lendTop(to Tree) error {
	st, err := statOf(t.Root)
	if err != nil {
		return err
	}
	if err := unix.Fchownat(to.Root, "", to.outside(t.inside(st.Uid)), to.outside(t.inside(st.Gid)), unix.AT_EMPTY_PATH); err != nil {
		return err
	}
	return unix.Fchmodat(unix.AT_FDCWD, beneath.Handle(to.Root), st.Mode&0o7777, 0)
}
