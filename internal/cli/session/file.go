package session

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile lets write fill the file at path. The file is there, complete and readable by this user alone,
// when WriteFile returns; if it fails, what was there before is. A device, a pipe or the like is written to
// as it is.
func WriteFile(path string, write func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("invalid output path: %q is a directory: name a file", path)
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	folder, name := filepath.Dir(path), filepath.Base(path)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("invalid output path: directory %q does not exist", folder)
	}
	f, err := os.CreateTemp(folder, "."+name+".*") // mode 0600
	if err != nil {
		return ofFile(path, err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(ofFile(path, err), os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// ofFile says of an error of the file beside path, of which nobody needs to know, that it is path's.
func ofFile(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) && filepath.Dir(at.Path) == filepath.Dir(path) {
		return &fs.PathError{Op: at.Op, Path: path, Err: at.Err}
	}
	return err
}
