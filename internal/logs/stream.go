package logs

import (
	"bytes"
	"io"
	"os"
	"slices"
	"time"
)

// fragmentSize is how many bytes of one line an entry holds. A longer line becomes several entries, of which only the last
// ends in a newline, and which all carry the time of the first. Docker splits at the same place.
const fragmentSize = 16 << 10

// stream is one of a container's outputs on its way into the log.
type stream struct {
	writer *Writer
	name   string
	// The writer's lock guards the rest.
	rest   []byte    // of a line that has not ended yet; shorter than fragmentSize
	since  time.Time // when the first fragment of a long line came; zero if none was written
	closed bool
}

// Stream returns a sink for what the container writes to the named output, "stdout" or "stderr".
//
// A line is in the file when the Write that brought its newline returns. Write takes all of p even if it returns an error, which
// says that entries were lost (a full disk) or that a file could not be rotated or compressed: it is to be reported, and writing may
// go on. Close writes a last line that has no newline. Streams of one Writer may be written concurrently.
func (w *Writer) Stream(name string) io.WriteCloser {
	s := &stream{writer: w, name: name}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.streams = append(w.streams, s)
	return s
}

func (s *stream) Write(p []byte) (int, error) {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	if s.closed {
		return 0, os.ErrClosed
	}
	size := len(p)
	for len(p) > 0 {
		room := p[:min(len(p), fragmentSize-len(s.rest))]
		if end := bytes.IndexByte(room, '\n'); end >= 0 {
			s.put(room[:end], true)
			p = p[end+1:]
			continue
		}
		p = p[len(room):]
		if len(s.rest)+len(room) == fragmentSize {
			s.put(room, false)
			continue
		}
		s.rest = append(s.rest, room...)
	}
	return size, s.writer.flush()
}

// put makes an entry of the rest and what follows it.
func (s *stream) put(tail []byte, ended bool) {
	now := s.since
	if now.IsZero() {
		now = time.Now()
	}
	line := tail
	if len(s.rest) > 0 {
		line = append(s.rest, tail...)
		s.rest = line[:0]
	}
	s.writer.put(s.name, line, ended, now)
	s.since = time.Time{}
	if !ended {
		s.since = now
	}
}

func (s *stream) Close() error {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return s.close()
}

func (s *stream) close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if len(s.rest) > 0 {
		s.put(nil, false)
	}
	s.rest = nil
	s.writer.streams = slices.DeleteFunc(s.writer.streams, func(other *stream) bool { return other == s })
	return s.writer.flush()
}
