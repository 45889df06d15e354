package api

import (
	"bufio"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"tug/internal/frame"
	"tug/internal/logs/logread"
)

// logFormat is how a client wants to see entries.
type logFormat struct {
	raw                 bool // of a terminal: one stream, no frames
	timestamps, details bool
}

// fixedNanos is RFC 3339 with all nine digits, so that lines stay aligned.
const fixedNanos = "2006-01-02T15:04:05.000000000Z07:00"

// appendEntry appends an entry.
func (f logFormat) appendEntry(b, scratch []byte, e logread.Entry) []byte {
	prefix := scratch[:0]
	if f.timestamps {
		prefix = append(e.Time.UTC().AppendFormat(prefix, fixedNanos), ' ')
	}
	if f.details {
		for i, k := range slices.Sorted(maps.Keys(e.Attrs)) {
			if i > 0 {
				prefix = append(prefix, ',')
			}
			prefix = append(prefix, url.QueryEscape(k)+"="+url.QueryEscape(e.Attrs[k])...)
		}
		prefix = append(prefix, ' ')
	}
	if f.raw {
		return append(append(b, prefix...), e.Line...)
	}
	return frame.Append(b, frame.Of(e.Stream), prefix, e.Line)
}

// logStream sends entries to a client in large pieces, but for one that follows soon after each is written: a goroutine
// flushes whenever something is there, so that a burst of entries costs few system calls.
type logStream struct {
	format  logFormat
	entry   []byte
	scratch []byte

	mu    sync.Mutex // guards w and buf
	w     *response
	buf   *bufio.Writer
	err   error
	dirty chan struct{} // nil when nobody follows
	done  chan struct{}
}

func newLogStream(w *response, f logFormat) *logStream {
	return &logStream{format: f, w: w, buf: bufio.NewWriterSize(w, 32<<10)}
}

// quiet is how long a client that follows waits for the head of the answer when there is no entry: long enough for an error
// to come before it, which then has a status of its own.
const quiet = 50 * time.Millisecond

// flushSoon starts to flush in the background.
func (s *logStream) flushSoon() {
	s.dirty, s.done = make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(s.done)
		head := time.NewTimer(quiet)
		defer head.Stop()
		for {
			select {
			case _, more := <-s.dirty:
				if !more {
					return
				}
			case <-head.C:
			}
			s.mu.Lock()
			s.flush()
			s.mu.Unlock()
		}
	}()
}

// flush sends what is there. The lock is held.
func (s *logStream) flush() {
	if s.err == nil {
		s.err = s.buf.Flush()
	}
	if s.err == nil {
		s.err = s.w.flush()
	}
}

// write sends one entry.
func (s *logStream) write(e logread.Entry) error {
	s.entry = s.format.appendEntry(s.entry[:0], s.scratch, e)
	s.mu.Lock()
	if s.err == nil {
		_, s.err = s.buf.Write(s.entry)
	}
	err := s.err
	s.mu.Unlock()
	select {
	case s.dirty <- struct{}{}:
	default: // nobody follows, or it is known
	}
	return err
}

// end sends what is left. An error that came before anything was sent is given back, to be the answer; a later one goes into the
// stream, where clients look for it.
func (s *logStream) end(err error) error {
	if s.dirty != nil {
		close(s.dirty)
		<-s.done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.w.status == 0 && s.buf.Buffered() == 0 {
		return err
	}
	if err != nil && s.err == nil && !s.format.raw {
		_, words := describe(err)
		_, s.err = s.buf.Write(frame.Append(nil, frame.Error, []byte("Error grabbing logs: "+words)))
	}
	s.flush()
	return nil // whatever is wrong now, the client has gone
}
