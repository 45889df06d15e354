package overlay

import (
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// Stack is the folders of an overlay, topmost first, in which folders are looked up. What lies on the way to the latest is remembered: those that are
// looked up in the order of their names are found fast, however deep they are.
type Stack struct {
	layers []string
	way    []shown // the outermost first
}

// shown is a folder, and the layers that have it, as far down as it is not hidden; none if no folder shows there.
type shown struct {
	name   string
	layers []string
}

// NewStack returns the overlay of those folders.
func NewStack(layers []string) *Stack { return &Stack{layers: layers} }

// OpenBelow opens the folder that would show at a path if the topmost layer did not have it. What that and others hide with what
// lies on the way there is not seen. Errors: fs.ErrNotExist if no folder would show.
func (s *Stack) OpenBelow(name string) (*os.File, error) {
	layers, err := s.at(parentOf(name))
	if err != nil {
		return nil, err
	}
	if len(layers) > 0 && layers[0] == s.layers[0] {
		layers = layers[1:]
	}
	below, err := lookBelow(layers, name, nil)
	if err != nil {
		return nil, err
	}
	if !below.folder() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	fd, err := openAt(below.layers[0], name)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return beneath.Reopen(fd, unix.O_RDONLY|unix.O_DIRECTORY)
}

// at finds the layers that have a folder.
func (s *Stack) at(name string) ([]string, error) {
	if name == "" {
		return s.layers, nil
	}
	for n := len(s.way); n > 0; n-- {
		last := s.way[n-1]
		if last.name == name {
			return last.layers, nil
		}
		if strings.HasPrefix(name, last.name+"/") {
			break
		}
		s.way = s.way[:n-1]
	}
	parent, err := s.at(parentOf(name))
	if err != nil {
		return nil, err
	}
	found, err := lookBelow(parent, name, nil)
	if err != nil {
		return nil, err
	}
	s.way = append(s.way, shown{name, found.layers})
	return found.layers, nil
}

// parentOf is the folder of a relative path, "" for the topmost.
func parentOf(name string) string { return name[:max(strings.LastIndexByte(name, '/'), 0)] }
