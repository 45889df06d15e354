package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// cidFile is the file of --cidfile. It is made before the container, so that a container is not made
// when its ID cannot be kept, and removed again if there is no container.
type cidFile struct {
	path    string
	file    *os.File // nil: none was asked for
	written bool
}

func openCIDFile(path string) (*cidFile, error) {
	if path == "" {
		return &cidFile{}, nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, errors.New("container ID file found, make sure the other container isn't running or delete " + path)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to create the container ID file: %w", err)
	}
	return &cidFile{path: path, file: f}, nil
}

func (c *cidFile) write(id string) error {
	if c.file == nil {
		return nil
	}
	if _, err := c.file.WriteString(id); err != nil {
		return fmt.Errorf("failed to write the container ID (%s) to file: %w", id, err)
	}
	c.written = true
	return nil
}

func (c *cidFile) close() error {
	if c.file == nil {
		return nil
	}
	_ = c.file.Close()
	if c.written {
		return nil
	}
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("failed to remove the CID file: %w", err)
	}
	return nil
}
