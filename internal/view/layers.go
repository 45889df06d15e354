package view

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/beneath"
)

// Layers are where the files of a container that does not run lie. Files have the container's ids there.
type Layers struct {
	Base  string   // the folder of the image's layers
	Lower []string // those, relative to Base, the topmost first
	Dir   string   // the container's folder: its layer is in upper, and work is overlay's
}

// Mount is what a container has somewhere beside its layers.
type Mount struct {
	Source, Destination string // a path of the host, a path of the container
	ReadOnly            bool   // with all that is mounted below Source
	ReadOnlyTop         bool   // ReadOnly holds for the topmost mount alone
	NonRecursive        bool   // without what is mounted below Source
}

// ReadOnly runs f with the files of the layers and nothing else, to be read; the container may be running and change them.
func (l Layers) ReadOnly(f func(archive.Tree) error) error { return l.mounted(l.readable, f) }

// Stopped runs f with the files of the layers and the mounts over them, as they would be in the container. Without keep what f changes
// in the layers is lost, and it must change nothing else; with keep nothing else may use the container's layer meanwhile.
func (l Layers) Stopped(mounts []Mount, keep, readOnlyRoot bool, f func(archive.Tree) error) error {
	return l.mounted(func() (int, error) {
		root, err := l.writable(keep)
		if err != nil {
			return -1, err
		}
		for _, m := range mounts {
			if err = m.attach(root); err != nil {
				err = fmt.Errorf("%s on %s: %w", m.Source, m.Destination, err)
				break
			}
		}
		if err == nil && readOnlyRoot {
			err = readOnly(root)
		}
		if err != nil {
			unix.Close(root)
			return -1, err
		}
		return root, nil
	}, f)
}

// mounted runs f with what mount mounts, in a mount namespace of its own.
func (l Layers) mounted(mount func() (root int, err error), f func(archive.Tree) error) error {
	return onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
			return fmt.Errorf("a private mount namespace: %w", err)
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
			return fmt.Errorf("a private mount namespace: %w", err)
		}
		if err := unix.Chdir(l.Base); err != nil { // layers are named from there: all options must fit into a page
			return fmt.Errorf("go to the layers: %w", err)
		}
		root, err := mount()
		if err != nil {
			return fmt.Errorf("mount the container's layers: %w", err)
		}
		defer l.unmount(root)
		return f(archive.Tree{Root: root})
	})
}

// unmount lets go of what is mounted at once, and not only some time after the thread has ended: whoever mounts the container's layer next
// is to find it free.
func (l Layers) unmount(root int) {
	unix.Close(root)
	for unix.Unmount(l.place(), unix.MNT_DETACH) == nil {
	}
}

// readable mounts the layers read-only.
func (l Layers) readable() (int, error) {
	dir, err := openDir(l.Dir)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	if len(l.Lower) == 0 {
		return openDir(beneath.Handle(dir) + "/upper")
	}
	return l.overlay(unix.MS_RDONLY, "lowerdir="+l.lower(beneath.Handle(dir)+"/upper"))
}

// writable mounts the layers with the container's own on top, or, without keep, with one in memory above that.
func (l Layers) writable(keep bool) (int, error) {
	dir, err := openDir(l.Dir)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	own := beneath.Handle(dir)
	switch {
	case keep && len(l.Lower) == 0:
		return l.bind(own + "/upper")
	case keep:
		return l.overlay(0, "lowerdir="+l.lower(), "upperdir="+own+"/upper", "workdir="+own+"/work", "redirect_dir=off", "metacopy=off")
	}
	memory, err := l.inMemory(own + "/upper")
	if err != nil {
		return -1, err
	}
	defer unix.Close(memory)
	return l.overlay(0, "lowerdir="+l.lower(own+"/upper"), "upperdir="+beneath.Handle(memory)+"/upper", "workdir="+beneath.Handle(memory)+"/work")
}

// lower is the list of layers in the form of overlay's option, with others above them.
func (l Layers) lower(above ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `:`, `\:`, `,`, `\,`)
	list := above
	for _, name := range l.Lower {
		list = append(list, escape.Replace(name))
	}
	return strings.Join(list, ":")
}

// overlay mounts an overlay and opens it. The index, which some kernels
// have by default, would refuse layers that are in use.
func (l Layers) overlay(flags uintptr, options ...string) (int, error) {
	data := strings.Join(append(options, "index=off"), ",")
	if len(data) >= os.Getpagesize() {
		return -1, fmt.Errorf("the image has too many layers (%d)", len(l.Lower))
	}
	if err := unix.Mount("overlay", l.place(), "overlay", flags, data); err != nil {
		return -1, err
	}
	return openDir(l.place())
}

// bind mounts a folder by itself, so that it can be made read-only, and opens it.
func (l Layers) bind(dir string) (int, error) {
	if err := unix.Mount(dir, l.place(), "", unix.MS_BIND, ""); err != nil {
		return -1, err
	}
	return openDir(l.place())
}

// place is where things are mounted, for this thread alone: a folder that nobody looks into.
func (l Layers) place() string { return l.Dir + "/work" }

// inMemory makes folders upper and work for an overlay that is forgotten afterwards. The root looks like another folder.
func (l Layers) inMemory(like string) (int, error) {
	var st unix.Stat_t
	if err := unix.Stat(like, &st); err != nil {
		return -1, err
	}
	if err := unix.Mount("tmpfs", l.place(), "tmpfs", 0, "mode=700"); err != nil {
		return -1, err
	}
	fd, err := openDir(l.place())
	if err != nil {
		return -1, err
	}
	upper := beneath.Handle(fd) + "/upper"
	err = errors.Join(os.Mkdir(upper, 0o755), os.Mkdir(beneath.Handle(fd)+"/work", 0o700))
	if err == nil {
		err = errors.Join(os.Chown(upper, int(st.Uid), int(st.Gid)), unix.Chmod(upper, st.Mode&0o7777),
			unix.UtimesNanoAt(unix.AT_FDCWD, upper, []unix.Timespec{st.Atim, st.Mtim}, 0))
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func openDir(path string) (int, error) {
	return unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}
