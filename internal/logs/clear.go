package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Clear empties the log at path and removes its predecessors, also while a Writer (of any process) has it open and readers follow it.
// A log that does not exist is empty.
func Clear(path string) error {
	lock, err := lockExclusive(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("clear log: %w", err)
	}
	defer lock.Release()
	rotated, err := listRotated(path)
	if err != nil {
		return fmt.Errorf("clear log: %w", err)
	}
	for i := len(rotated) - 1; i >= 0; i-- {
		if err := os.Remove(rotated[i].Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clear log: %w", err)
		}
	}
	if err := countClearing(path); err != nil {
		return fmt.Errorf("clear log: %w", err)
	}
	if err := os.Truncate(path, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clear log: %w", err)
	}
	return nil
}

// countClearing notes, before the log is emptied, that it was once more. A reader tells by it that a file which has grown beyond its
// place in it was empty meanwhile.
func countClearing(path string) error {
	f, err := os.OpenFile(path+clearedSuffix, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte{'.'})
	return errors.Join(err, f.Close())
}

// Clearings is how often the log at path was emptied.
func Clearings(path string) int64 {
	info, err := os.Stat(path + clearedSuffix)
	if err != nil {
		return 0 // never
	}
	return info.Size()
}
