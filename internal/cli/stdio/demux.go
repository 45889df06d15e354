package stdio

import (
	"bytes"
	"fmt"
	"io"

	"tug/internal/frame"
)

// Demux writes the frames of a multiplexed stream to the two outputs that they belong to, in their order, until the stream ends. Many frames
// are written at once if they are there, and none waits for another that is not. Words of the engine in the stream are returned as an error.
func Demux(out, err io.Writer, frames io.Reader) error {
	var together batch
	var words bytes.Buffer
	contents := frame.Contents{To: batched{&together, out}, Errors: batched{&together, err}, Words: &words}
	piece := make([]byte, 64<<10)
	for {
		n, ended := frames.Read(piece)
		_, failed := contents.Write(piece[:n])
		if flushed := together.flush(); failed == nil {
			failed = flushed
		}
		switch {
		case failed != nil:
			return failed
		case ended == io.EOF && words.Len() > 0:
			return fmt.Errorf("error from daemon in stream: %s", words.String())
		case ended == io.EOF:
			return nil
		case ended != nil:
			return ended
		}
	}
}

// batch collects what follows each other on one output.
type batch struct {
	to      io.Writer
	pending []byte
}

func (b *batch) flush() error {
	if len(b.pending) == 0 {
		return nil
	}
	_, err := b.to.Write(b.pending)
	b.pending = b.pending[:0]
	return err
}

// batched is one of the outputs.
type batched struct {
	*batch
	out io.Writer
}

// Write collects p. What was for the other output comes first.
func (b batched) Write(p []byte) (int, error) {
	if b.to != b.out {
		if err := b.flush(); err != nil {
			return 0, err
		}
		b.to = b.out
	}
	b.pending = append(b.pending, p...)
	return len(p), nil
}
