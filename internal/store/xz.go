package store

import (
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/therootcompany/xz"
)

// maxXzDictionary is the largest dictionary that an xz stream may ask the reader to keep, in bytes: what xz -9 makes. A stream may ask for 4 GB.
const maxXzDictionary = 64 << 20

// xzReader is an xz stream, several after one another included. Its check sums are verified.
type xzReader struct{ z *xz.Reader }

func newXz(r io.Reader) (io.Reader, error) {
	z, err := xz.NewReader(r, maxXzDictionary)
	if err != nil {
		return nil, explainXz(err)
	}
	return xzReader{z}, nil
}

func (r xzReader) Read(p []byte) (int, error) {
	n, err := r.z.Read(p)
	return n, explainXz(err)
}

// explainXz gives the faults of a stream their class. Those of what it is read from stay what they are.
func explainXz(err error) error {
	switch {
	case errors.Is(err, xz.ErrMemlimit):
		return fmt.Errorf("xz: it was compressed with a dictionary of more than %d MB: compress it with xz -9 or less: %w", maxXzDictionary>>20, errdefs.ErrInvalidArgument)
	case errors.Is(err, xz.ErrBuf):
		return fmt.Errorf("%w: %w", err, io.ErrUnexpectedEOF)
	case errors.Is(err, xz.ErrFormat), errors.Is(err, xz.ErrData), errors.Is(err, xz.ErrOptions), errors.Is(err, xz.ErrUnsupportedCheck):
		return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return err
}
