package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxDelay is by how many bytes a file may outgrow its limit, or twice its limit if that is more, because somebody holds the lock.
const maxDelay = 1 << 20

// rotate gives the file the name of its first predecessor, the predecessors each the next name, removes what is then too many, and
// begins a new file.
//
// Whoever is just opening or renaming files puts it off to the next entry: the container must not wait for a reader, and the file may
// be somewhat larger instead. But a reader that never lets go shall not fill the disk, and from some size on it is ignored.
func (w *Writer) rotate() error {
	size := w.size + int64(len(w.batch))
	lock, err := tryLockExclusive(w.path)
	switch {
	case err != nil:
		w.retryAt = size + batchSize/2
		return fmt.Errorf("rotate log: %w", err)
	case lock != nil:
		defer lock.Release()
	case size < w.limit.MaxSize+max(w.limit.MaxSize, maxDelay):
		return nil
	}
	w.retryAt = size + batchSize/2 // if it fails
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
