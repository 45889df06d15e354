package overlay

import (
	"errors"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// found is what layers have at one path together.
type found struct {
	there  bool
	stat   unix.Stat_t // of the topmost
	layers []string    // those that have a folder there, as far down as it is not hidden
}

func (f *found) folder() bool { return len(f.layers) > 0 }

// lookBelow looks one path, whose parents are known to be folders of the layers given, up in them. topmost is called with what is found,
// open for looking, unless it is nil.
func lookBelow(layers []string, name string, topmost func(fd int, st *unix.Stat_t) error) (f found, err error) {
	for _, l := range layers {
		stop, err := f.look(l, name, topmost)
		if err != nil {
			return found{}, err
		}
		if stop {
			break
		}
	}
	return f, nil
}

// look adds what one layer has, and tells whether the layers below are hidden by it.
func (f *found) look(layer, name string, topmost func(int, *unix.Stat_t) error) (stop bool, err error) {
	fd, err := openAt(layer, name)
	switch {
	case beneath.Absent(err):
		return false, nil
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		return true, nil // what is no folder hides what is below it
	case err != nil:
		return false, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return false, err
	}
	folder := st.Mode&unix.S_IFMT == unix.S_IFDIR
	if IsWhiteout(&st) || f.there && !folder {
		return true, nil
	}
	if !f.there {
		f.there, f.stat = true, st
		if topmost != nil {
			if err := topmost(fd, &st); err != nil {
				return false, err
			}
		}
	}
	if !folder {
		return true, nil
	}
	f.layers = append(f.layers, layer)
	return IsOpaque(fd), nil
}
