package api

import (
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dropBody reads what is left of a body whose length is told. What follows the request on the connection is the process's
// input, and some clients send the options of an attachment in a body that nobody reads.
func (c *call) dropBody() error {
	if c.r.Body == nil || c.r.ContentLength <= 0 {
		return nil
	}
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(&c.w, c.r.Body, maxBody)); err != nil {
		return fmt.Errorf("read the request's body: %w", err)
	}
	return nil
}

const (
	headPatience = 2 * time.Second
	headPause    = 20 * time.Microsecond // at first; each is longer than the one before
	headPauseMax = 10 * time.Millisecond
)

// awaitHead waits until the client has read the head of the answer, if the connection can tell. Python's docker SDK reads the
// output from the socket itself, past the buffer into which it has read the head, and loses what has come with that.
func (s *conversation) awaitHead() {
	unread, ok := s.plain().(syscall.Conn)
	if !ok || s.plain().LocalAddr().Network() != "unix" {
		return
	}
	raw, err := unread.SyscallConn()
	if err != nil {
		return
	}
	pause := headPause
	for deadline := time.Now().Add(headPatience); time.Now().Before(deadline); pause = min(pause*5/4, headPauseMax) {
		var n int
		var failed error
		if err := raw.Control(func(fd uintptr) { n, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }); err != nil || failed != nil || n == 0 {
			return
		}
		time.Sleep(pause)
	}
}
