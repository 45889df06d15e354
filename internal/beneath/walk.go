package beneath

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// ErrTooDeep says that there is more than paths can name.
var ErrTooDeep = fmt.Errorf("folders are nested deeper than a path can be long, which is %d bytes: %w", unix.PathMax-1, unix.ENAMETOOLONG)

// Walk visits what lies at a path of the folder top, a folder before what is in it, and each folder's names in order.
// It follows no link, and holds no more than three descriptors, however deep it is. What vanishes meanwhile is passed over.
// visit tells whether to go into a folder. What lies too deep to have a path is not visited; when all else is, the error says so.
// Errors: ErrTooDeep, and those of visit and of the file system.
func Walk(top int, name string, visit func(name string, fd int, st *unix.Stat_t) (enter bool, err error)) error {
	beyond := false
	err := walk(top, name, func(path []byte, fd int, st *unix.Stat_t) (bool, error) {
		if len(path) >= unix.PathMax {
			beyond = true
			return false, nil
		}
		return visit(string(path), fd, st)
	})
	if err == nil && beyond {
		err = ErrTooDeep
	}
	return err
}

// Each visits all that is in the folder top, as Walk does, however deep it lies.
func Each(top int, visit func(st *unix.Stat_t) error) error {
	return walk(top, ".", func(_ []byte, _ int, st *unix.Stat_t) (bool, error) { return true, visit(st) })
}

// walk is Walk without a limit. The path is good until visit returns.
func walk(top int, name string, visit func(path []byte, fd int, st *unix.Stat_t) (enter bool, err error)) error {
	w := &walker{top: top, visit: visit, at: -1, path: []byte(name)}
	defer w.leave()
	if err := w.enter(top, name); err != nil {
		return err
	}
	for len(w.folders) > 0 {
		f := &w.folders[len(w.folders)-1]
		if len(f.names) == 0 {
			w.up()
			continue
		}
		n := f.names[0]
		f.names = f.names[1:]
		if w.path = w.path[:f.path]; f.path > 0 {
			w.path = append(w.path, '/')
		}
		w.path = append(w.path, n...)
		if err := w.enter(w.at, n); err != nil {
			return err
		}
	}
	return nil
}

// walker is one walk under way.
type walker struct {
	top     int
	visit   func([]byte, int, *unix.Stat_t) (bool, error)
	at      int      // the folder that it is in, the last of folders; -1: none
	folders []folder // that it has entered and not left
	path    []byte   // of what is visited
}

// folder is one that a walk is in.
type folder struct {
	dev, ino uint64
	path     int // how many bytes of the walker's path are its own; 0: it is top
	names    []string
}

// enter visits what has a name in a folder, and goes there if it is to be gone into.
func (w *walker) enter(dir int, name string) error {
	fd, err := Open(dir, name, unix.O_PATH|unix.O_NOFOLLOW, 0, Direct)
	if Absent(err) && name != "." {
		return nil
	}
	if err != nil {
		return err
	}
	var st unix.Stat_t
	var names []string
	into := false
	if err = unix.Fstat(fd, &st); err == nil {
		into, err = w.visit(w.path, fd, &st)
	}
	if into = into && st.Mode&unix.S_IFMT == unix.S_IFDIR; into && err == nil {
		names, err = Names(fd)
	}
	if err != nil || !into {
		unix.Close(fd)
		return err
	}
	w.leave()
	length := len(w.path)
	if string(w.path) == "." {
		length = 0
	}
	w.at = fd
	w.folders = append(w.folders, folder{uint64(st.Dev), st.Ino, length, names}) //nolint:unconvert // 32 bits on some architectures
	return nil
}

// leave lets go of the folder that it is in.
func (w *walker) leave() {
	if w.at >= 0 {
		unix.Close(w.at)
		w.at = -1
	}
}

// up goes back to the folder above. If what it was in has been moved elsewhere, that is looked up again from the top; what is not there
// any more, or has no path, has nothing more to visit.
func (w *walker) up() {
	w.folders = w.folders[:len(w.folders)-1]
	if len(w.folders) == 0 {
		return
	}
	above := &w.folders[len(w.folders)-1]
	fd, err := unix.Openat(w.at, "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil && !above.is(fd) {
		unix.Close(fd)
		err = unix.ESTALE
	}
	w.leave()
	if err != nil {
		fd, err = Open(w.top, string(w.path[:above.path]), unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0, Direct)
	}
	if err != nil {
		above.names = nil
		return
	}
	w.at = fd
}

// is tells whether a descriptor holds the folder. Nothing but what the walk has been in is gone back to, wherever ".." leads.
func (f *folder) is(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && uint64(st.Dev) == f.dev && st.Ino == f.ino //nolint:unconvert // 32 bits on some architectures
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
