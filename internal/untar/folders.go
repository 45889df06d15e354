package untar

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/beneath"
)

// keptOpen is how many folders are kept open beside the root.
const keptOpen = 32

// folders are the folders in which entries are made, open as descriptors (O_PATH). Archives list the files of a folder
// one after the other, so that the same is nearly always needed again.
type folders struct {
	root  int
	kept  map[string]int
	order []string // of kept, the oldest first
	notes *archive.Notes[note]
}

// note is what is known of a folder until the archive ends.
type note struct {
	implied bool             // made because something lies in it, and not described so far
	times   [2]unix.Timespec // to be set when all is in it
}

func newFolders(dir string) (*folders, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return &folders{root: fd, kept: map[string]int{}, notes: archive.NewNotes[note](archive.MaxNotes)}, nil
}

func (f *folders) close() {
	f.forgetBut(f.root)
	unix.Close(f.root)
}

// open returns the folder of that name, which it makes if there is none. The descriptor is good until the next call.
func (f *folders) open(name string) (int, error) {
	fd, err := f.find(name)
	if errors.Is(err, unix.ENOENT) {
		if err := f.make(name); err != nil {
			return -1, err
		}
		fd, err = f.find(name)
	}
	if err != nil {
		return -1, fmt.Errorf("folder %.200s: %w", name, err)
	}
	return fd, nil
}

// find is open of a folder that is there.
func (f *folders) find(name string) (int, error) {
	if name == "" {
		return f.root, nil
	}
	if fd, ok := f.kept[name]; ok {
		return fd, nil
	}
	fd, err := f.resolve(name)
	if err != nil {
		return -1, err
	}
	if len(f.order) == keptOpen {
		unix.Close(f.kept[f.order[0]])
		delete(f.kept, f.order[0])
		f.order = f.order[1:]
	}
	f.kept[name] = fd
	f.order = append(f.order, name)
	return fd, nil
}

// resolve opens the folder that a name leads to, as if that of all were the root.
func (f *folders) resolve(name string) (int, error) {
	fd, err := beneath.Open(f.root, name, unix.O_PATH|unix.O_DIRECTORY, 0, beneath.Within)
	return fd, plain(err)
}

// make makes the folders on the way to name that are not there.
func (f *folders) make(name string) error {
	at := ""
	for part := range strings.SplitSeq(name, "/") {
		parent := f.root
		if at != "" {
			fd, err := f.resolve(at)
			if err != nil {
				return fmt.Errorf("folder %.200s: %w", at, err)
			}
			parent = fd
		}
		err := unix.Mkdirat(parent, part, 0o755)
		if err == nil {
			err = unix.Fchmodat(parent, part, 0o755, 0) // whatever the umask is
		}
		if parent != f.root {
			unix.Close(parent)
		}
		at = strings.TrimPrefix(at+"/"+part, "/")
		switch {
		case err == nil:
			if err := f.notes.Put(at, note{implied: true}); err != nil {
				return err
			}
		case !errors.Is(err, unix.EEXIST):
			return fmt.Errorf("make folder %.200s: %w", at, err)
		}
	}
	return nil
}

// removeAll removes what is called base in the folder in, whatever it is, so that something else may have its place.
func (f *folders) removeAll(in int, base string) error {
	f.forgetBut(in)
	err := unix.Unlinkat(in, base, 0)
	if !errors.Is(err, unix.EISDIR) {
		return err
	}
	root, err := os.OpenRoot(fmt.Sprintf("/proc/self/fd/%d", in))
	if err != nil {
		return err
	}
	defer root.Close()
	return root.RemoveAll(base)
}

// forgetBut closes all but the root and one, whose name leads where it led.
func (f *folders) forgetBut(kept int) {
	f.order = f.order[:0]
	for name, fd := range f.kept {
		if fd == kept {
			f.order = append(f.order, name)
			continue
		}
		unix.Close(fd)
		delete(f.kept, name)
	}
}
