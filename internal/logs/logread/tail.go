package logread

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// place is where to begin reading a list of files.
type place struct {
	file   int   // index
	offset int64 // of a plain file: bytes to leave out
	lines  int   // of a compressed file: lines to leave out
}

// lastLines finds where the last n lines of the files begin, reading them backwards in blocks and only as far as needed. A compressed file
// has to be read from its beginning to know how many lines it has.
func lastLines(ctx context.Context, files []*file, n int) (place, error) {
	for i := len(files) - 1; i >= 0; i-- {
		f := files[i]
		if f.compressed {
			lines, err := countLines(ctx, f)
			if err != nil {
				return place{}, err
			}
			if lines >= n {
				return place{file: i, lines: lines - n}, nil
			}
			n -= lines
			continue
		}
		offset, lines, err := lastLinesOf(ctx, f, f.size, n)
		if err != nil {
			return place{}, err
		}
		if lines >= n {
			return place{file: i, offset: offset}, nil
		}
		n -= lines
	}
	return place{}, nil
}

// lastLinesOf returns the offset where the last n lines of the first size bytes begin and how many lines there are from it on. What
// follows the last newline does not count.
func lastLinesOf(ctx context.Context, r io.ReaderAt, size int64, n int) (offset int64, lines int, err error) {
	block := make([]byte, blockSize)
	newlines := 0 // n lines begin after the newline n+1, counted from the end
	for end := size; end > 0; {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		start := max(0, end-int64(len(block)))
		part := block[:end-start]
		got, err := r.ReadAt(part, start)
		if errors.Is(err, io.EOF) {
			part = part[:got] // cleared in the meantime
		} else if err != nil {
			return 0, 0, err
		}
		for i := len(part); i > 0; {
			if i = bytes.LastIndexByte(part[:i], '\n'); i < 0 {
				break
			}
			newlines++
			if newlines > n {
				return start + int64(i) + 1, n, nil
			}
		}
		end = start
	}
	return 0, newlines, nil
}

func countLines(ctx context.Context, f *file) (int, error) {
	lines := 0
	_, err := scan(ctx, f.content(0), func([]byte) error {
		lines++
		return nil
	})
	return lines, err
}
