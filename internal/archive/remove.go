package archive

import (
	"path"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// removeFolder removes a folder with all that is in it. It follows no link and goes into nothing that is mounted below, which
// is an error (EXDEV).
func removeFolder(p place) error {
	var folders []string
	err := beneath.Walk(p.dir, p.name, func(name string, fd int, st *unix.Stat_t) (bool, error) {
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			folders = append(folders, name)
			return true, nil
		}
		return false, unlink(p.dir, name, 0)
	})
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		err = unlink(p.dir, folders[i], unix.AT_REMOVEDIR)
	}
	return err
}

// unlink removes one name below a folder.
func unlink(top int, name string, flags int) error {
	dir, err := beneath.Open(top, path.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0, beneath.Direct|beneath.SameMount)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := unix.Unlinkat(dir, path.Base(name), flags); err != nil && err != unix.ENOENT {
		return err
	}
	return nil
}
