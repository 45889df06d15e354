package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// rotate gives the file the name of its first predecessor, the predecessors each the next name, removes what is then too many, and
// begins a new file.
//
// A reader that is just opening files puts it off: the container must not wait for a reader, and the file may be somewhat
// larger instead. At twice its size it is rotated in any case.
func (w *Writer) rotate() error {
	size := w.size + int64(len(w.batch))
	w.retryAt = size + batchSize/2
	lock, err := tryLockExclusive(w.path)
	switch {
	case err != nil:
		return fmt.Errorf("rotate log: %w", err)
	case lock != nil:
		defer lock.Release()
	case size < 2*w.limit.MaxSize:
		return nil
	}
	w.writeBatch()
	info, err := w.file.Stat()
	if err != nil {
		return fmt.Errorf("rotate log: %w", err)
	}
	if w.size = info.Size(); w.size < w.limit.MaxSize { // it was cleared
		w.retryAt = 0
		return nil
	}
	// The new file exists before the old one goes, so that a failure leaves one to write to.
	next, err := os.OpenFile(w.path+nextSuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o640)
	if err != nil {
		return fmt.Errorf("rotate log: %w", err)
	}
	if err := shift(w.path, w.limit.MaxFiles); err != nil {
		next.Close()
		_ = os.Remove(w.path + nextSuffix)
		return fmt.Errorf("rotate log: %w", err)
	}
	w.file.Close()
	w.file, w.size, w.retryAt = next, 0, 0
	w.startPacking()
	return nil
}

// shift makes room for the file that waits under the next name and puts it into place.
func shift(path string, files int) error {
	rotated, err := listRotated(path)
	if err != nil {
		return err
	}
	gap := 1 // the first age that is free: older ones need not move
	for _, r := range rotated {
		if r.Age == gap {
			gap++
		}
	}
	for i := len(rotated) - 1; i >= 0; i-- {
		r := rotated[i]
		switch {
		case r.Age >= files, r.Age == files-1 && r.Age < gap:
			err = os.Remove(r.Path)
		case r.Age < gap:
			err = os.Rename(r.Path, rotatedPath(path, r.Age+1, r.Compressed))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if files == 1 {
		return os.Rename(path+nextSuffix, path)
	}
	first := rotatedPath(path, 1, false)
	if err := os.Rename(path, first); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(path+nextSuffix, path); err != nil {
		_ = os.Rename(first, path) // the log goes on in it
		return err
	}
	return nil
}
