package archive

import (
	"path"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
	"tug/internal/idmap"
)

// Tree is the files below a folder.
type Tree struct {
	// Root is a descriptor of the folder. Nothing outside of it is ever reached, but for what is mounted below it.
	Root int
	// FirstID is the id on this side (of user and group) of the tree's id 0; the idmap.Size ids from there on are the
	// tree's. 0: both sides have the same ids. Ids that lie outside are the same on both sides.
	FirstID uint32
}

// open finds what a path in the tree leads to; the last part of it may be a link only with follow. What it gives is good for
// looking and for naming it to the kernel, not for reading.
func (t Tree) open(name string, follow bool) (int, error) {
	flags := uint64(unix.O_PATH)
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	return beneath.Open(t.Root, name, flags, 0, beneath.Within)
}

// openFolder finds a folder, through links.
func (t Tree) openFolder(name string) (int, error) {
	return beneath.Open(t.Root, name, unix.O_PATH|unix.O_DIRECTORY, 0, beneath.Within)
}

// openLeaf finds what a path means: the folder in which it lies is looked up through links, and then its last part is
// opened in that folder, and not followed. A path that ends in a slash or a dot means what its folder leads to.
func (t Tree) openLeaf(name string) (int, error) {
	folder, leaf := path.Split(name)
	if leaf == "" || leaf == "." {
		return t.openFolder(folder)
	}
	if leaf == ".." {
		return t.openFolder(name)
	}
	dir, err := t.openFolder(folder)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	return beneath.Open(dir, leaf, unix.O_PATH|unix.O_NOFOLLOW, 0, beneath.Direct)
}

// statOf looks at what a descriptor holds.
func statOf(fd int) (st unix.Stat_t, err error) {
	err = unix.Fstat(fd, &st)
	return st, err
}

// inside is an id as it is in the tree.
func (t Tree) inside(id uint32) int {
	if t.FirstID != 0 && id >= t.FirstID && id-t.FirstID < idmap.Size {
		return int(id - t.FirstID)
	}
	return int(id)
}

// outside is an id of the tree on this side. One that the tree cannot have becomes nobody's, as the kernel shows it.
func (t Tree) outside(id int) int {
	switch {
	case t.FirstID == 0 && id >= 0 && id <= maxID:
		return id
	case id >= 0 && id < idmap.Size:
		return int(t.FirstID) + id
	}
	return int(t.FirstID) + nobody
}

// nobody is the id that the kernel shows for those that a user namespace does not have.
const nobody = 65534

// maxID is the largest id that a file may belong to; the one above it means "as it is" to the kernel.
const maxID = 1<<32 - 2
