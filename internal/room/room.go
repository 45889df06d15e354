// Package room keeps what comes from outside from filling a disk: a kilobyte of an archive can say that it is an exabyte.
package room

import (
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

const (
	// reserve is how much of a large disk is left free, in bytes, and smallPart is how much of a small one: what else goes on there is
	// not to suffer.
	reserve, smallPart = 64 << 20, 64
	// lookEvery is how many bytes may be taken before it is looked again what is left.
	lookEvery = 64 << 20
)

// Room is the free space of one disk, for one who fills it. It is for one goroutine at a time.
type Room struct {
	stat  func(*unix.Statfs_t) error
	taken int64 // since it was looked what is left
	left  int64 // at that time
	known bool
}

// At is the room on the disk that the open file or folder is on.
func At(fd int) *Room {
	return &Room{stat: func(st *unix.Statfs_t) error { return unix.Fstatfs(fd, st) }}
}

// In is the room on the disk that a folder is on.
func In(dir string) *Room {
	return &Room{stat: func(st *unix.Statfs_t) error { return unix.Statfs(dir, st) }}
}

// Take says that so many bytes are going to be written. The error is ENOSPC if they would not leave enough for others.
func (r *Room) Take(size int64) error {
	if r.known && size < lookEvery && r.taken+size < min(lookEvery, r.left/2) {
		r.taken += size
		return nil
	}
	var st unix.Statfs_t
	if err := r.stat(&st); err != nil {
		return fmt.Errorf("look how much of the disk is free: %w", err)
	}
	r.left, r.taken, r.known = int64(st.Bavail)*st.Bsize-min(reserve, int64(st.Blocks)*st.Bsize/smallPart), size, true
	if size > r.left {
		return fmt.Errorf("%d bytes are to be written, and the disk has %d to spare: %w", size, max(r.left, 0), unix.ENOSPC)
	}
	return nil
}

// Reader returns r, whose bytes are going to be written.
func (r *Room) Reader(from io.Reader) io.Reader { return &reader{from, r} }

type reader struct {
	io.Reader
	room *Room
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if rerr := r.room.Take(int64(n)); rerr != nil {
		return 0, rerr
	}
	return n, err
}
