package engine

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"strings"
	"syscall"

	"tug/internal/build"
	"tug/internal/overlay"
)

// stubs are the places of a step's mounts that are not there before it: empty files and folders are made for them, which are no
// part of what the step has done.
type stubs struct {
	upper   string   // the folder that has the step's changes
	lower   []string // those below
	places  []string // relative; a folder after what lies in it
	parents bool     // folders made on the way to the places go, too
}

// findStubs looks for them before the step runs.
func findStubs(s *build.Step) *stubs {
	t := &stubs{upper: s.Root.Upper, lower: s.Root.Layers, parents: s.TidyParents}
	if s.Root.Path != "" {
		t.upper = s.Root.Path
	}
	if t.upper == "" {
		return t // what is made is thrown away with all else
	}
	layers := append([]string{t.upper}, t.lower...)
	note := func(place string) {
		for place = path.Clean("/" + place); place != "/"; place = path.Dir(place) {
			at, missing := overlay.Missing(layers, place)
			if !missing || at == "/" {
				return
			}
			t.places = append(t.places, strings.TrimPrefix(at, "/"))
			if !t.parents {
				return
			}
		}
	}
	for _, f := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/hostname"} {
		note(f)
	}
	for _, m := range s.Mounts {
		note(m.Dest)
	}
	return t
}

// remove removes those that are still empty, and what was copied up to make them.
func (t *stubs) remove(log *slog.Logger) {
	if len(t.places) == 0 || t.upper == "" {
		return
	}
	root, err := os.OpenRoot(t.upper)
	if err != nil {
		log.Warn("tidy up after a build's step", "error", err)
		return
	}
	defer root.Close()
	for _, place := range t.places {
		if err := t.removeOne(root, place); err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.Warn("tidy up after a build's step", "place", place, "error", err)
		}
	}
}

func (t *stubs) removeOne(root *os.Root, place string) error {
	info, err := root.Lstat(place)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if empty, err := isEmpty(root, place); err != nil || !empty {
			return err
		}
	} else if !info.Mode().IsRegular() || info.Size() != 0 {
		return nil
	}
	parent := path.Dir(place)
	before, err := root.Stat(parent)
	if err != nil {
		return err
	}
	if err := root.Remove(place); err != nil {
		return err
	}
	if err := root.Chtimes(parent, before.ModTime(), before.ModTime()); err != nil {
		return err
	}
	return t.removeCopies(root, parent)
}

// removeCopies removes folders that were copied up for a place in them, and have nothing else that the layers below do not have.
func (t *stubs) removeCopies(root *os.Root, folder string) error {
	for ; folder != "."; folder = path.Dir(folder) {
		info, err := root.Lstat(folder)
		if err != nil || !info.IsDir() {
			return err
		}
		if empty, err := isEmpty(root, folder); err != nil || !empty {
			return err
		}
		if !t.isCopy(root, folder, info) {
			return nil
		}
		if err := root.Remove(folder); err != nil {
			return err
		}
	}
	return nil
}

// isCopy tells whether the layers below show the same folder.
func (t *stubs) isCopy(root *os.Root, folder string, upper fs.FileInfo) bool {
	copied, err := root.Open(folder)
	if err != nil {
		return false
	}
	defer copied.Close()
	if overlay.IsOpaque(int(copied.Fd())) {
		return false
	}
	below, err := overlay.NewStack(append([]string{t.upper}, t.lower...)).OpenBelow(folder)
	if err != nil {
		return false
	}
	defer below.Close()
	info, err := below.Stat()
	return err == nil && info.Mode() == upper.Mode() && sameOwner(info, upper)
}

func sameOwner(a, b fs.FileInfo) bool {
	x, xok := a.Sys().(*syscall.Stat_t)
	y, yok := b.Sys().(*syscall.Stat_t)
	return xok && yok && x.Uid == y.Uid && x.Gid == y.Gid
}

func isEmpty(root *os.Root, folder string) (bool, error) {
	f, err := root.Open(folder)
	if err != nil {
		return false, err
	}
	defer f.Close()
	names, err := f.Readdirnames(1)
	if len(names) > 0 {
		return false, nil
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return true, err
}
