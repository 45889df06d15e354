package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/continuity/fs"
	"golang.org/x/sys/unix"

	"tug/internal/image"
	"tug/internal/volume"
)

// Volumes are the engine's volumes.
func (e *Engine) Volumes() *volume.Volumes { return e.volumes }

// fillVolume copies what the image has at a path into a new volume, with owners, modes and attributes. It reads the
// image through an overlay that is attached nowhere, and the path in it is looked up by the kernel inside that.
func (e *Engine) fillVolume(ctx context.Context, target string, img image.Image, path string) error {
	root, err := e.images.Rootfs(ctx, img)
	if err != nil || len(root.Layers) == 0 {
		return err
	}
	mount, err := e.readOnlyOverlay(root)
	if err != nil {
		return err
	}
	defer unix.Close(mount)
	how := &unix.OpenHow{Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	dir, err := unix.Openat2(mount, strings.TrimPrefix(path, "/"), how)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return nil // the image has no such folder
	case err != nil:
		return err
	}
	defer unix.Close(dir)
	source := fmt.Sprintf("/proc/self/fd/%d", dir)
	if err := fs.CopyDir(target, source+"/."); err != nil {
		return err
	}
	return sameOwner(target, dir)
}

// sameOwner gives the folder the owner and the mode of what dir holds.
func sameOwner(target string, dir int) error {
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return err
	}
	if err := os.Chown(target, int(st.Uid), int(st.Gid)); err != nil {
		return err
	}
	return unix.Chmod(target, st.Mode&0o7777)
}

// readOnlyOverlay gives a detached mount of an image's layers.
func (e *Engine) readOnlyOverlay(root image.Rootfs) (int, error) {
	if len(root.Layers) == 1 {
		return unix.Open(filepath.Join(root.Base, root.Layers[0]), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	}
	base, err := unix.Open(root.Base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(base)
	paths := make([]string, len(root.Layers))
	for i, l := range root.Layers {
		fd, err := unix.Openat(base, l, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return 0, err
		}
		defer unix.Close(fd)
		paths[i] = fmt.Sprintf("/proc/self/fd/%d", fd)
	}
	if !e.kernel.LowerdirAdd {
		return e.mountReadOnly(paths)
	}
	fsfd, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("open file system overlay: %w", err)
	}
	defer unix.Close(fsfd)
	for _, p := range paths { // one by one: a value of fsconfig(2) has at most 256 bytes
		if err := unix.FsconfigSetString(fsfd, "lowerdir+", p); err != nil {
			return 0, fmt.Errorf("overlay: %w", err)
		}
	}
	if err := unix.FsconfigCreate(fsfd); err != nil {
		return 0, fmt.Errorf("overlay: %w", err)
	}
	return unix.Fsmount(fsfd, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY)
}

// mountReadOnly is readOnlyOverlay for kernels before 6.8: it mounts the layers on a folder and picks the mount up.
func (e *Engine) mountReadOnly(layers []string) (fd int, err error) {
	dir, err := os.MkdirTemp(e.execRoot, "layers-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(dir)
	if err := unix.Mount("overlay", dir, "overlay", unix.MS_RDONLY, "lowerdir="+strings.Join(layers, ":")); err != nil {
		return 0, fmt.Errorf("mount the image's layers: %w", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	return unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
}
