package logs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Rotated is a predecessor of a log file.
type Rotated struct {
	Path       string
	Age        int // 1 for the newest: the number in its name
	Compressed bool
}

const (
	gzipSuffix = ".gz"
	// nextSuffix is that of the file which takes the log's place at the end of a rotation.
	nextSuffix = ".next"
	// clearedSuffix is that of a file with a byte for each time that the log was emptied.
	clearedSuffix = ".cleared"
	// packSuffix is that of a compressed file until it is whole.
	packSuffix = ".gz.tmp"
)

func rotatedPath(path string, age int, compressed bool) string {
	name := path + "." + strconv.Itoa(age)
	if compressed {
		name += gzipSuffix
	}
	return name
}

// ListRotated returns the predecessors of the log at path, the newest first. Where a crash left one both plain and
// compressed, it is returned plain. The caller holds the lock if the answer has to be consistent.
func ListRotated(path string) ([]Rotated, error) {
	all, err := listRotated(path)
	if err != nil {
		return nil, err
	}
	kept := all[:0]
	for _, r := range all {
		if len(kept) > 0 && kept[len(kept)-1].Age == r.Age {
			continue
		}
		kept = append(kept, r)
	}
	return kept, nil
}

// listRotated also returns the compressed one of two of the same age, after the plain one.
func listRotated(path string) ([]Rotated, error) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var found []Rotated
	prefix := filepath.Base(path) + "."
	for _, name := range names {
		number, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		number, compressed := strings.CutSuffix(number, gzipSuffix)
		age, err := strconv.Atoi(number)
		if err != nil || age < 1 || strconv.Itoa(age) != number {
			continue
		}
		found = append(found, Rotated{Path: rotatedPath(path, age, compressed), Age: age, Compressed: compressed})
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].Age != found[j].Age {
			return found[i].Age < found[j].Age
		}
		return !found[i].Compressed
	})
	return found, nil
}
