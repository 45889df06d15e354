package room

import (
	"errors"
	"io"
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

// disk is a disk that so many bytes are free on.
func disk(free *int64) *Room {
	return &Room{stat: func(st *unix.Statfs_t) error {
		st.Bsize, st.Bavail, st.Blocks = 1, uint64(*free), 1<<40
		return nil
	}}
}

func TestWhatDoesNotFitIsNotBegun(t *testing.T) {
	free := int64(1 << 30)
	r := disk(&free)
	for _, size := range []int64{1<<30 + 1, 1 << 30, 1<<30 - reserve + 1, math.MaxInt64} {
		if err := r.Take(size); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if err := r.Take(1<<30 - reserve); err != nil {
		t.Error(err)
	}
}

func TestManySmallPiecesStopBeforeTheDiskIsFull(t *testing.T) {
	free := int64(1 << 30)
	r := disk(&free)
	const piece = 1 << 16
	for range 1 << 20 {
		if err := r.Take(piece); err != nil {
			if free < reserve/2 || free > reserve+piece {
				t.Errorf("stopped with %d bytes left", free)
			}
			return
		}
		free -= piece
	}
	t.Error("never stopped")
}

func TestReaderStopsAStreamWithoutEnd(t *testing.T) {
	free := int64(reserve + 200<<20)
	n, err := io.Copy(full{&free}, disk(&free).Reader(zeros{}))
	if !errors.Is(err, unix.ENOSPC) || n > 200<<20 {
		t.Errorf("%d, %v", n, err)
	}
	if err := In(t.TempDir()).Take(1); err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// full takes what is written to it from the free space.
type full struct{ free *int64 }

func (f full) Write(p []byte) (int, error) {
	*f.free -= int64(len(p))
	return len(p), nil
}
