package logs

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"
)

// startPacking lets a goroutine compress the rotated files, if that is wanted and none does. The lock w.mu is held.
func (w *Writer) startPacking() {
	if !w.limit.Compress || w.limit.MaxFiles < 2 || w.packing {
		return
	}
	if plain, err := oldestPlain(w.path); err != nil || plain == "" {
		w.fail(err)
		return
	}
	w.packing = true
	w.background.Go(w.packAll)
}

// packAll compresses rotated files until there is none left, which it says under the lock that startPacking asks under. The container
// never waits for it: a rotation in the meantime gives the file it works on another name.
func (w *Writer) packAll() {
	for {
		w.mu.Lock()
		plain, err := oldestPlain(w.path)
		if err != nil || plain == "" {
			w.packing = false
			w.fail(err)
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		if err := pack(w.path, plain); err != nil {
			w.mu.Lock()
			w.packing = false // the file stays as it is, and the next rotation tries again
			w.fail(fmt.Errorf("compress log: %w", err))
			w.mu.Unlock()
			return
		}
	}
}

// oldestPlain returns the oldest file that is not compressed, or "".
func oldestPlain(path string) (string, error) {
	rotated, err := ListRotated(path)
	if err != nil {
		return "", err
	}
	for i := len(rotated) - 1; i >= 0; i-- {
		if !rotated[i].Compressed {
			return rotated[i].Path, nil
		}
	}
	return "", nil
}

// pack compresses one rotated file of the log at path. It is no error if the file is gone.
func pack(path, plain string) error {
	source, err := os.Open(plain)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	packed := path + packSuffix
	if err := writeGzip(packed, source, info); err != nil {
		_ = os.Remove(packed)
		return err
	}
	lock, err := lockExclusive(path)
	if err != nil {
		_ = os.Remove(packed)
		return err
	}
	defer lock.Release()
	rotated, err := ListRotated(path)
	for _, r := range rotated {
		now, err := os.Stat(r.Path)
		if err != nil || !os.SameFile(now, info) {
			continue
		}
		if err := os.Rename(packed, rotatedPath(path, r.Age, true)); err != nil {
			_ = os.Remove(packed)
			return err
		}
		return os.Remove(r.Path)
	}
	_ = os.Remove(packed) // the source was rotated away or cleared
	return err
}

// writeGzip makes the compressed file with the times of its source. It is synced because its source is removed for it.
func writeGzip(name string, source io.Reader, info os.FileInfo) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	defer file.Close()
	z := gzip.NewWriter(file)
	z.Extra = packedExtra(info)
	if _, err := io.Copy(z, source); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return os.Chtimes(name, info.ModTime(), info.ModTime())
}

// packedExtra is the extra field of a compressed file's header: when the last entry was written, as with Docker, and which file this
// was, so that a reader who still has that open finds its successor.
func packedExtra(info os.FileInfo) []byte {
	extra := []byte(`{"lastTime":"`)
	extra = info.ModTime().UTC().AppendFormat(extra, time.RFC3339Nano)
	extra = append(extra, `","inode":`...)
	extra = strconv.AppendUint(extra, info.Sys().(*syscall.Stat_t).Ino, 10)
	return append(extra, '}')
}
