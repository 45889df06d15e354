package stdio

import (
	"io"

	"github.com/moby/moby/api/pkg/stdcopy"
)

// Demux writes the frames of a multiplexed stream to the two outputs that they belong to, in their order, until the stream ends. Many frames
// are written at once if they are there, and none waits for another that is not.
func Demux(out, err io.Writer, frames io.Reader) error {
	d := &demuxer{from: frames}
	_, failed := stdcopy.StdCopy(demuxed{d, out}, demuxed{d, err}, d)
	if flushed := d.flush(); failed == nil {
		failed = flushed
	}
	return failed
}

// demuxer collects what follows each other on one output.
type demuxer struct {
	from    io.Reader
	to      io.Writer // of what is pending
	pending []byte
}

// Read writes out what is pending before it waits for more.
func (d *demuxer) Read(p []byte) (int, error) {
	if err := d.flush(); err != nil {
		return 0, err
	}
	return d.from.Read(p)
}

func (d *demuxer) flush() error {
	if len(d.pending) == 0 {
		return nil
	}
	_, err := d.to.Write(d.pending)
	d.pending = d.pending[:0]
	return err
}

// demuxed is one of the outputs.
type demuxed struct {
	*demuxer
	out io.Writer
}

// Write collects p. What was for the other output comes first.
func (d demuxed) Write(p []byte) (int, error) {
	if d.to != d.out {
		if err := d.flush(); err != nil {
			return 0, err
		}
		d.to = d.out
	}
	d.pending = append(d.pending, p...)
	return len(p), nil
}
