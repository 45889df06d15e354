package beneath

import (
	"errors"
	"io"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// Walk visits what lies at a path of the folder top, a folder before what is in it, and each folder's names in order.
// It follows no link, and holds no more than two descriptors, however deep it is. What vanishes meanwhile is passed over.
// visit tells whether to go into a folder.
func Walk(top int, name string, visit func(name string, fd int, st *unix.Stat_t) (enter bool, err error)) error {
	fd, err := Open(top, name, unix.O_PATH|unix.O_NOFOLLOW, 0, Direct)
	if Absent(err) && name != "." {
		return nil
	}
	if err != nil {
		return err
	}
	names, err := visitOne(name, fd, visit)
	unix.Close(fd)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := Walk(top, path.Join(name, n), visit); err != nil {
			return err
		}
	}
	return nil
}

// visitOne visits what a descriptor holds, and gives what is in it.
func visitOne(name string, fd int, visit func(string, int, *unix.Stat_t) (bool, error)) ([]string, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	enter, err := visit(name, fd, &st)
	if err != nil || !enter || st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil, err
	}
	return Names(fd)
}

// Names gives the names in a folder, in order.
func Names(fd int) ([]string, error) {
	dir, err := Reopen(fd, os.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil && !errors.Is(err, io.EOF) && !Absent(err) { // a folder that was removed while it was open is empty
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}
