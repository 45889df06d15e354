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

	"tug/internal/beneath"
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

// Missing tells whether nothing is at name, and where it would be made: with the links on the way followed.
func Missing(layers []string, name string) (at string, missing bool) {
	found, err := walk(layers, name)
	if found.file != nil {
		found.file.Close()
	}
	return found.path, errors.Is(err, fs.ErrNotExist)
}

// IsFile tells whether a regular file is at name. Errors: fs.ErrNotExist, ELOOP, and an error if it is neither that nor a folder.
func IsFile(layers []string, name string) (bool, error) {
	found, err := walk(layers, name)
	if err != nil {
		return false, &fs.PathError{Op: "find", Path: name, Err: err}
	}
	if found.file == nil {
		return false, nil
	}
	found.file.Close()
	return true, nil
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
func step(layers []string, name string) (e entry, err error) {
	f, err := lookBelow(layers, name, func(fd int, st *unix.Stat_t) error { return e.take(name, fd, st) })
	if err == nil && !f.there {
		err = fs.ErrNotExist
	}
	e.layers = f.layers
	return e, err
}

// take reads a link, and opens a regular file.
func (e *entry) take(name string, fd int, st *unix.Stat_t) (err error) {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
	case unix.S_IFLNK:
		buf := make([]byte, unix.PathMax)
		n, err := unix.Readlinkat(fd, "", buf)
		if err != nil {
			return err
		}
		e.link = string(buf[:n])
	case unix.S_IFREG:
		e.file, err = beneath.Reopen(fd, os.O_RDONLY)
	default:
		return fmt.Errorf("%s is no regular file", name)
	}
	return err
}
