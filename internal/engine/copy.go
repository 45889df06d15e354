package engine

import (
	"archive/tar"
	"context"
	"io"
	"path"

	"tug/internal/archive"
	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/store"
)

// FileStat is what is known of a file in a container.
type FileStat struct {
	Name string
	archive.Stat
}

// StatFile looks at a file in a container; a link is not followed. Errors: NotFound, InvalidArgument.
func (e *Engine) StatFile(ctx context.Context, ref, file string) (found FileStat, err error) {
	r, err := e.containers.Get(ref)
	if err != nil {
		return FileStat{}, err
	}
	err = e.withFiles(ctx, r, false, func(_ *container.Record, t archive.Tree) (err error) {
		found, err = statIn(t, containerPath(file))
		return err
	})
	return found, fileError(err, file, ref)
}

func statIn(t archive.Tree, name string) (FileStat, error) {
	s, err := t.Stat(name)
	return FileStat{Name: path.Base(name), Stat: s}, err
}

// CopyOut writes a file of a container, or a folder with all that is in it, as an archive to what begin gives, which is told
// what it is. Errors: NotFound, InvalidArgument, and those of begin and of writing.
func (e *Engine) CopyOut(ctx context.Context, ref, file string, begin func(FileStat) (io.Writer, error)) error {
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	err = e.withFiles(ctx, r, false, func(_ *container.Record, t archive.Tree) error {
		name := containerPath(file)
		found, err := statIn(t, name)
		if err != nil {
			return err
		}
		w, err := begin(found)
		if err != nil {
			return err
		}
		e.publish(r, events.ArchivePath)
		out := tar.NewWriter(w)
		if err := t.Pack(ctx, out, name, archive.PackOptions{Name: found.Name, Rooted: name == "/"}); err != nil {
			return err
		}
		return out.Close()
	})
	return fileError(err, file, ref)
}

// CopyInOptions say how an archive is unpacked in a container.
type CopyInOptions struct {
	KeepKind bool // no file in the place of a folder, nor the other way round
	AsUser   bool // files belong to the container's user, if it has one that is not root
}

// CopyIn unpacks an archive, which may be compressed, in a folder of a container. Errors: NotFound, InvalidArgument (no folder,
// read-only, not an archive).
func (e *Engine) CopyIn(ctx context.Context, ref, folder string, content io.Reader, o CopyInOptions) error {
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	unpack := archive.UnpackOptions{KeepKind: o.KeepKind}
	if o.AsUser && r.Config.User != "" {
		if unpack.Owner, err = e.ownerIn(ctx, r); err != nil {
			return err
		}
	}
	err = e.withFiles(ctx, r, true, func(r *container.Record, t archive.Tree) error {
		at := containerPath(folder)
		if err := t.CheckFolder(at); err != nil {
			return err
		}
		if err := checkWritable(r, t.Follow(at)); err != nil {
			return err
		}
		plain, err := store.Decompress(content)
		if err != nil {
			return err
		}
		defer plain.Close()
		return t.Unpack(ctx, plain, at, unpack)
	})
	if err != nil {
		return fileError(err, folder, ref)
	}
	e.publish(r, events.ExtractToDir)
	return nil
}

// ownerIn finds who the container's user is.
func (e *Engine) ownerIn(ctx context.Context, r *container.Record) (*archive.Owner, error) {
	img, err := e.imageOf(ctx, r)
	if err != nil {
		return nil, err
	}
	root, err := e.images.Rootfs(ctx, img)
	if err != nil {
		return nil, err
	}
	u, err := e.user(r, root, r.Config.User)
	if err != nil {
		return nil, err
	}
	return &archive.Owner{UID: int(u.UID), GID: int(u.GID)}, nil
}
