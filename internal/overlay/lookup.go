// Package overlay reads a container's file system without mounting it: it looks a path up in the folders of an overlay
// as the kernel would, with whiteouts, opaque folders and symbolic links, and never leaves them.
package overlay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks bounds the symbolic links of one lookup, as the kernel does.
const maxLinks = 40

// Open opens the regular file at name in the overlay whose folders are given topmost first. Errors: fs.ErrNotExist,
// ELOOP, and an error if it is no regular file.
func Open(layers []string, name string) (*os.File, error) {
	found, err := walk(layers, name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if found.file == nil {
		return nil, fmt.Errorf("%s is a folder", name)
	}
	return found.file, nil
}

// Dangling tells whether a symbolic link on the way to name leads to what is not there, and what path that is.
func Dangling(layers []string, name string) (to string, dangling bool) {
	found, err := walk(layers, name)
	if found.file != nil {
		found.file.Close()
	}
	return found.path, found.linked && errors.Is(err, fs.ErrNotExist)
}

// place is where a walk ended.
type place struct {
	file   *os.File // a regular file; nil: a folder
	path   string   // with all links followed; what lies beyond something missing stands as it was
	linked bool     // a link was followed
}

// walk goes to name. Errors: fs.ErrNotExist, ELOOP, ENOTDIR, and an error if it is neither a regular file nor a folder.
func walk(layers []string, name string) (place, error) {
	clean, rest := "", strings.Split(path.Clean("/" + name)[1:], "/")
	at := layers
	links := 0
	for len(rest) > 0 && rest[0] != "" {
		part := rest[0]
		found, err := step(at, path.Join(clean, part))
		if err != nil {
			return place{path: path.Join("/", clean, path.Join(rest...)), linked: links > 0}, err
		}
		if found.link != "" {
			if links++; links > maxLinks {
				return place{}, unix.ELOOP
			}
			target := found.link
			if !path.IsAbs(target) {
				target = path.Join("/", clean, target)
			}
			rest = append(strings.Split(path.Clean(target)[1:], "/"), rest[1:]...)
			clean, at = "", layers
			if rest[0] == "" {
				rest = rest[1:]
			}
			continue
		}
		clean, rest = path.Join(clean, part), rest[1:]
		if found.file == nil {
			at = found.layers
			continue
		}
		if len(rest) == 0 {
			return place{file: found.file, path: "/" + clean, linked: links > 0}, nil
		}
		found.file.Close()
		return place{}, unix.ENOTDIR
	}
	return place{path: "/" + clean, linked: links > 0}, nil
}

// entry is what one name leads to: a regular file, a symbolic link, or a folder in some layers.
type entry struct {
	file   *os.File
	link   string
	layers []string
}

// step looks one path, whose parents are known to be no links, up in the layers that its parent lies in.
func step(layers []string, name string) (entry, error) {
	var e entry
	for _, l := range layers {
		stop, err := e.look(l, name)
		if err != nil {
			return entry{}, err
		}
		if stop {
			break
		}
	}
	if e.file == nil && e.link == "" && len(e.layers) == 0 {
		return entry{}, fs.ErrNotExist
	}
	return e, nil
}

// look adds what one layer has at name, and tells whether layers below are hidden by it.
func (e *entry) look(dir, name string) (stop bool, err error) {
	fd, err := openAt(dir, name)
	switch {
	case errors.Is(err, unix.ENOENT):
		return false, nil
	case errors.Is(err, unix.ENOTDIR):
		return true, nil
	case err != nil:
		return false, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return false, err
	}
	kind := st.Mode & unix.S_IFMT
	if kind == unix.S_IFDIR {
		e.layers = append(e.layers, dir)
		return IsOpaque(fd), nil
	}
	if len(e.layers) > 0 || IsWhiteout(&st) {
		return true, nil // hidden by a folder above, or a whiteout
	}
	switch kind {
	case unix.S_IFLNK:
		buf := make([]byte, unix.PathMax)
		n, err := unix.Readlinkat(fd, "", buf)
		if err != nil {
			return false, err
		}
		e.link = string(buf[:n])
	case unix.S_IFREG:
		f, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err != nil {
			return false, err
		}
		e.file = f
	default:
		return false, fmt.Errorf("%s is no regular file", name)
	}
	return true, nil
}
