package engine

import (
	"context"
	"path"

	"golang.org/x/sys/unix"

	"tug/internal/overlay"
)

// Changes tells which files a container has changed in those of its image. Errors: NotFound.
func (e *Engine) Changes(ctx context.Context, ref string) ([]overlay.Change, error) {
	r, err := e.containers.Get(ref)
	if err != nil {
		return nil, err
	}
	img, err := e.imageOf(ctx, r)
	if err != nil {
		return nil, err
	}
	root, err := e.images.Rootfs(ctx, img)
	if err != nil {
		return nil, err
	}
	return overlay.Changes(e.layers(r, root), madeByEngine)
}

// madeByEngine tells whether a file of a writable layer is none of the container's doing, but what the engine has made there
// to mount something on, or to tell programs that they run in a container.
func madeByEngine(name string, mode uint32, size int64) bool {
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		switch name {
		case "dev", "dev/pts", "dev/shm", "dev/mqueue", "proc", "sys":
			return true
		}
	case unix.S_IFREG:
		switch name {
		case ".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf", path.Clean(initPath)[1:]:
			return size == 0
		}
	}
	return false
}
