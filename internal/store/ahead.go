package store

import (
	"io"
	"sync"
)

const (
	aheadBlock  = 256 << 10 // bytes
	aheadBlocks = 4
)

// ahead reads on in a goroutine while what was read is being used, at most aheadBlocks blocks further.
type ahead struct {
	from   io.Reader
	closer func() error

	full, empty chan []byte
	stop        chan struct{}
	ended       sync.WaitGroup
	err         error // of from, once full is closed

	block, rest []byte
}

// newAhead reads ahead of r. Close ends that, and then calls closer.
func newAhead(r io.Reader, closer func() error) *ahead {
	a := &ahead{
		from: r, closer: closer,
		full: make(chan []byte, aheadBlocks), empty: make(chan []byte, aheadBlocks), stop: make(chan struct{}),
	}
	for range aheadBlocks {
		a.empty <- nil // made when it is needed: many streams are short
	}
	a.ended.Go(a.run)
	return a
}

func (a *ahead) run() {
	defer close(a.full)
	for {
		var b []byte
		select {
		case <-a.stop:
			return
		case b = <-a.empty:
		}
		if b == nil {
			b = make([]byte, aheadBlock)
		}
		n, err := io.ReadFull(a.from, b[:aheadBlock])
		if n > 0 {
			a.full <- b[:n] // there is room for all blocks that there are
		}
		if err == io.ErrUnexpectedEOF && n > 0 {
			_, err = a.from.Read(make([]byte, 1)) // the stream's end, or its own unexpected one
		}
		if err != nil {
			a.err = err
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.block != nil {
			a.empty <- a.block
			a.block = nil
		}
		b, ok := <-a.full
		if !ok {
			if a.err == nil {
				return 0, io.ErrClosedPipe
			}
			return 0, a.err
		}
		a.block, a.rest = b, b
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close ends the goroutine. It waits for a read of the source under way.
func (a *ahead) Close() error {
	close(a.stop)
	a.ended.Wait()
	return a.closer()
}
