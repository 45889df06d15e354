package logs

import (
	"bytes"
	"io"
	"os"
	"sync"
)

// NonBlocking is a stream that never makes the container wait for the disk: what cannot be written at once waits in memory, and if too
// much does, whole lines are dropped, the newest first. A line gets the time at which it is written.
type NonBlocking struct {
	to    io.WriteCloser
	limit int // bytes that may wait

	mu       sync.Mutex // guards what is below
	waiting  []byte
	within   bool // waiting ends within a line
	dropping bool // until the next newline
	dropped  uint64
	failed   error // what a write to the stream returned
	closed   bool

	wake    chan struct{} // there is something to do
	writing sync.WaitGroup
}

// NewNonBlocking returns a stream that hands on to another one, of which at most limit bytes wait. Its goroutine ends with Close.
func NewNonBlocking(to io.WriteCloser, limit int64) *NonBlocking {
	b := &NonBlocking{to: to, limit: int(limit), wake: make(chan struct{}, 1)}
	b.writing.Go(b.handOn)
	return b
}

// Write takes all of p without waiting. Its error is that of an earlier write to the stream behind.
func (b *NonBlocking) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, os.ErrClosed
	}
	for line := range bytes.Lines(p) {
		b.add(line)
	}
	b.signal()
	err := b.failed
	b.failed = nil
	return len(p), err
}

// add takes a line, or as much of one as has come, or drops it.
func (b *NonBlocking) add(line []byte) {
	ends := line[len(line)-1] == '\n'
	switch {
	case b.dropping:
		b.dropping = !ends
	case len(b.waiting)+len(line) <= b.limit:
		b.waiting = append(b.waiting, line...)
		b.within = !ends
	default:
		b.dropped++
		b.dropping = !ends
		if b.within { // its beginning waits or is written: it must not run into the next line
			b.waiting = append(b.waiting, '\n')
			b.within = false
		}
	}
}

func (b *NonBlocking) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Dropped returns how many lines were dropped, as a whole or from some place on.
func (b *NonBlocking) Dropped() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}

// Close waits until all that waits is written, and closes the stream behind.
func (b *NonBlocking) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	b.signal()
	b.mu.Unlock()
	b.writing.Wait()
	err := b.to.Close()
	if b.failed != nil {
		err = b.failed
	}
	return err
}

// handOn writes what waits until nothing does and the stream is closed.
func (b *NonBlocking) handOn() {
	for range b.wake {
		for {
			b.mu.Lock()
			part := b.waiting
			b.waiting = nil
			ended := b.closed && len(part) == 0
			b.mu.Unlock()
			if ended {
				return
			}
			if len(part) == 0 {
				break
			}
			if _, err := b.to.Write(part); err != nil {
				b.mu.Lock()
				b.failed = err
				b.mu.Unlock()
			}
		}
	}
}
