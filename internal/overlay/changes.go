package overlay

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// Kind is how a file differs from the one in the layers below.
type Kind uint8

// The kinds of changes, with the API's numbers.
const (
	Modified Kind = iota
	Added
	Deleted
)

// Change is one file that differs.
type Change struct {
	Path string
	Kind Kind
}

// Changes tells what the topmost of the layers changes in those below it, by path; a folder with changes in it is changed too. It
// goes through the topmost alone, and looks only for what is there in the others. A file whose owner, mode, size and time are as they
// were has not changed. What lies so deep that it has no path is not told of. leave tells of a path that is new whether it is to be left out; nil: none is.
func Changes(layers []string, leave func(name string, mode uint32, size int64) bool) ([]Change, error) {
	top, err := unix.Open(layers[0], unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the topmost layer: %w", err)
	}
	defer unix.Close(top)
	d := &differ{leave: leave, below: map[string][]string{".": layers[1:]}, said: map[string]bool{".": true}}
	if err := beneath.Walk(top, ".", d.visit); err != nil && !errors.Is(err, beneath.ErrTooDeep) {
		return nil, fmt.Errorf("find the changes: %w", err)
	}
	slices.SortFunc(d.list, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return d.list, nil
}

// differ is one comparison under way.
type differ struct {
	leave func(string, uint32, int64) bool
	list  []Change
	below map[string][]string // the layers that a folder lies in; none for a new one
	said  map[string]bool     // what is in the list
}

// visit compares one file of the topmost layer.
func (d *differ) visit(name string, fd int, st *unix.Stat_t) (enter bool, err error) {
	if name == "." {
		return true, nil
	}
	old, err := lookBelow(d.below[path.Dir(name)], name, nil)
	if err != nil {
		return false, err
	}
	folder := st.Mode&unix.S_IFMT == unix.S_IFDIR
	if folder && old.folder() {
		d.below[name] = old.layers
	}
	switch {
	case IsWhiteout(st):
		if old.there {
			d.add(name, Deleted)
		}
		return false, nil
	case !old.there:
		if d.leave == nil || !d.leave(name, st.Mode, st.Size) {
			d.add(name, Added)
		}
		return true, nil
	case differs(st, &old.stat):
		d.add(name, Modified)
	}
	if folder && old.folder() && IsOpaque(fd) {
		return true, d.hidden(name, fd, old.layers)
	}
	return true, nil
}

// add notes a change, and that all folders above have changed.
func (d *differ) add(name string, k Kind) {
	if !d.said[name] {
		d.said[name] = true
		d.list = append(d.list, Change{"/" + name, k})
		d.add(path.Dir(name), Modified)
	}
}

// hidden notes as deleted what an opaque folder hides and does not have itself.
func (d *differ) hidden(name string, fd int, layers []string) error {
	own, err := beneath.Names(fd)
	if err != nil {
		return err
	}
	var seen []string
	for _, l := range layers {
		names, err := namesAt(l, name)
		if err != nil {
			return err
		}
		seen = append(seen, names...)
	}
	slices.Sort(seen)
	for _, n := range slices.Compact(seen) {
		if _, kept := slices.BinarySearch(own, n); kept {
			continue
		}
		old, err := lookBelow(layers, path.Join(name, n), nil)
		if err != nil {
			return err
		}
		if old.there {
			d.add(path.Join(name, n), Deleted)
		}
	}
	return nil
}

// namesAt gives the names in a folder of a layer.
func namesAt(layer, name string) ([]string, error) {
	fd, err := openAt(layer, name)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return beneath.Names(fd)
}

// openAt opens what a layer has at a path, through no link.
func openAt(layer, name string) (int, error) {
	dir, err := unix.Open(layer, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open the layer %s: %v", layer, err) // not as if the file were not there
	}
	defer unix.Close(dir)
	return beneath.Open(dir, name, unix.O_PATH|unix.O_NOFOLLOW, 0, beneath.Direct)
}

// differs tells whether a file is another one. Of folders the size and the time say nothing: they follow from what is in them.
func differs(a, b *unix.Stat_t) bool {
	if a.Mode != b.Mode || a.Uid != b.Uid || a.Gid != b.Gid || a.Rdev != b.Rdev {
		return true
	}
	return a.Mode&unix.S_IFMT != unix.S_IFDIR && (a.Size != b.Size || a.Mtim != b.Mtim)
}
