package logs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// tidy removes what an interrupted rotation or compression left beside the log.
func tidy(path string) error {
	lock, err := lockExclusive(path)
	if err != nil {
		return err
	}
	defer lock.Release()
	remove := []string{path + nextSuffix, path + packSuffix}
	rotated, err := listRotated(path)
	if err != nil {
		return err
	}
	for i, r := range rotated {
		if i > 0 && rotated[i-1].Age == r.Age { // compressed, but its source was not removed yet
			remove = append(remove, r.Path)
		}
	}
	for _, name := range remove {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// repair cuts off what follows the last whole entry: the beginning of one whose writer was killed, or the zeros that a
// power cut leaves. It returns the size of the file.
func repair(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	whole, err := wholeSize(file, info.Size())
	if err != nil || whole == info.Size() {
		return whole, err
	}
	return whole, file.Truncate(whole)
}

// wholeSize returns where the last entry within the first size bytes ends.
func wholeSize(file io.ReaderAt, size int64) (int64, error) {
	block := make([]byte, 32<<10)
	for end := size; end > 0; {
		start := max(0, end-int64(len(block)))
		part := block[:end-start]
		if _, err := file.ReadAt(part, start); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}
