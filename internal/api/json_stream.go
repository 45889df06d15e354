package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/moby/moby/api/types/jsonstream"
)

// jsonStream sends the messages of a long operation, each a JSON document on a line of its own. Nothing is sent before the first, so that an
// operation that fails at once is answered with a status. Messages that come close together are sent together.
type jsonStream struct {
	c *call

	mu    sync.Mutex // guards all below
	buf   *bufio.Writer
	enc   *json.Encoder
	timer *time.Timer // runs while something waits to be sent
	ended bool
}

// together is how long messages are gathered before they are sent.
const together = 20 * time.Millisecond

func (c *call) newJSONStream() *jsonStream {
	s := &jsonStream{c: c, buf: bufio.NewWriterSize(&c.w, 16<<10)}
	s.enc = json.NewEncoder(s.buf)
	s.enc.SetEscapeHTML(false)
	return s
}

// message is a message; the fields in which programs before API 1.52 looked for errors are there as well.
type message struct {
	jsonstream.Message
	ErrorText string `json:"error,omitempty"`
}

// begin sends the head of the answer. The lock is held.
func (s *jsonStream) begin() {
	if s.c.w.status == 0 {
		s.c.w.Header().Set("Content-Type", "application/json")
		s.c.w.WriteHeader(http.StatusOK)
	}
}

// send adds a message.
func (s *jsonStream) send(m jsonstream.Message) { s.put(message{Message: m}) }

func (s *jsonStream) put(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.begin()
	_ = s.enc.Encode(m) // a client that has gone ends the request's context
	if s.timer == nil {
		s.timer = time.AfterFunc(together, s.flush)
	}
}

// flush sends what has gathered.
func (s *jsonStream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.timer = nil
	if s.buf.Flush() == nil {
		_ = s.c.w.flush()
	}
}

// end sends what is left, and an error as the last message. It is given back instead if it is the answer to the request.
func (s *jsonStream) end(err error) error {
	if err != nil && s.c.w.status == 0 {
		s.stop()
		return err
	}
	if err != nil {
		_, words := describe(err)
		e := &jsonstream.Error{Message: words}
		if ended := (interface{ ExitCode() int })(nil); errors.As(err, &ended) {
			e.Code = ended.ExitCode()
		}
		s.put(message{Message: jsonstream.Message{Error: e}, ErrorText: words})
	}
	s.stop()
	return nil
}

// stop makes that nothing is sent after the handler has returned.
func (s *jsonStream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.c.w.status != 0 {
		_ = s.buf.Flush()
	}
}
