package overlay

import (
	"path"

	"golang.org/x/sys/unix"
)

// Upper tells what of the topmost layer is only there because of something else: the kernel copies a folder up for what is made in it, and marks as
// deleted what was made in the layer itself.
type Upper struct {
	below map[string][]string // the layers below that a folder shows from; none for one that is new or hides them
}

// NewUpper returns what is known of a layer on others, topmost first.
func NewUpper(below []string) *Upper { return &Upper{map[string][]string{".": below}} }

// Says tells whether a file of the layer says something that the layers below do not: a folder is as it was there, or what is marked as deleted was not there. A
// file that was copied up is always told of. Files are to be asked for from the top down; st is what the descriptor holds.
func (u *Upper) Says(name string, fd int, st *unix.Stat_t) (bool, error) {
	layers := u.below[path.Dir(name)]
	folder := st.Mode&unix.S_IFMT == unix.S_IFDIR
	if len(layers) == 0 || !folder && !IsWhiteout(st) {
		return !IsWhiteout(st), nil
	}
	old, err := lookBelow(layers, name, nil)
	if err != nil {
		return false, err
	}
	if !folder {
		return old.there, nil
	}
	if !old.folder() || IsOpaque(fd) {
		return true, nil
	}
	u.below[name] = old.layers
	return differs(st, &old.stat), nil
}
