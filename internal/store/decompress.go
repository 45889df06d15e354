package store

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow is the largest window a zstd stream may ask the reader to keep, in bytes.
const maxZstdWindow = 128 << 20

// Decompress returns what r holds, decompressed if it is compressed: gzip, zstd, xz and bzip2 are told by their first bytes.
// Decompression goes on in a goroutine, which Close ends. Everything is done in this process: no helper program is ever started on a foreign stream.
// An empty stream is an empty stream. Legacy compress is named in the error (InvalidArgument).
func Decompress(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(magic)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w: %w", err, errdefs.ErrInvalidArgument)
		}
		return newAhead(z, z.Close), nil
	case isZstd(head):
		z, err := zstd.NewReader(b, zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w: %w", err, errdefs.ErrInvalidArgument)
		}
		plain := z.IOReadCloser()
		return newAhead(plain, plain.Close), nil
	case bytes.HasPrefix(head, []byte("BZh")):
		return newAhead(bzip2.NewReader(b), nothing), nil
	case bytes.HasPrefix(head, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		z, err := newXz(b)
		if err != nil {
			return nil, err
		}
		return newAhead(z, nothing), nil
	case bytes.HasPrefix(head, []byte{0x1f, 0x9d}):
		return nil, fmt.Errorf("archives of compress(1) are not read: decompress it first (uncompress -c FILE | ...): %w", errdefs.ErrInvalidArgument)
	}
	return io.NopCloser(b), nil
}

// nothing is what closing a decompressor that holds nothing comes to.
func nothing() error { return nil }

// magic is how many bytes tell whether a stream is compressed.
const magic = 8

// IsCompressed says whether a blob is not as it is, be it that Decompress can read it or not.
func IsCompressed(blob io.ReaderAt) (bool, error) {
	head := make([]byte, magic)
	n, err := blob.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return false, err
	}
	return isCompressed(head[:n]), nil
}

// isCompressed is IsCompressed of a stream that begins so.
func isCompressed(head []byte) bool {
	for _, begin := range []string{"\x1f\x8b", "BZh", "\xfd7zXZ", "\x1f\x9d"} {
		if bytes.HasPrefix(head, []byte(begin)) {
			return true
		}
	}
	return isZstd(head)
}

// isZstd knows a zstd frame and a skippable frame (RFC 8878, section 3.1.2), with which some writers begin.
func isZstd(head []byte) bool {
	if bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return true
	}
	return len(head) >= 8 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18})
}
