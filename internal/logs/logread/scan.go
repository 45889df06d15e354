package logread

import (
	"bytes"
	"context"
	"errors"
	"io"
)

const (
	blockSize = 64 << 10
	// longest is the size from which a line is passed over: nothing that is written here comes near it.
	longest = 64 << 20
)

// errStop ends a scan before the end of its lines.
var errStop = errors.New("stop")

// scan calls line for every line of r, without its newline, and returns how many bytes they make with their newlines. What follows
// the last newline is left out. An error of line, or the end of ctx, ends the scan after the line before.
func scan(ctx context.Context, r io.Reader, line func([]byte) error) (int64, error) {
	var consumed int64
	buf := make([]byte, 0, blockSize)
	skipping := false // a line that is too long
	for {
		if err := ctx.Err(); err != nil {
			return consumed, err
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		searched := len(buf)
		buf = buf[:len(buf)+n]
		rest := buf
		for {
			end := bytes.IndexByte(rest[searched:], '\n')
			if end < 0 {
				break
			}
			end += searched
			searched = 0
			if !skipping {
				if err := line(rest[:end]); err != nil {
					return consumed, err
				}
			}
			skipping = false
			consumed += int64(end) + 1
			rest = rest[end+1:]
		}
		if len(rest) > longest {
			consumed += int64(len(rest))
			rest, skipping = nil, true
		}
		buf = buf[:copy(buf, rest)]
		if err == io.EOF {
			return consumed, nil
		}
		if err != nil {
			return consumed, err
		}
	}
}
