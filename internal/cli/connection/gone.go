package connection

import (
	"errors"
	"io"
	"syscall"

	"github.com/moby/moby/client"
)

// ErrGone says that the daemon was there and went away, what that means for containers, and what helps.
var ErrGone = errors.New("the daemon went away: containers go on without it; start it again ('sudo tugd'), then see 'tug ps'")

// Gone says whether err is what is seen of a daemon that goes away in the middle of its answer, or before it began to answer.
// A daemon that was never there is an UnreachableError.
func Gone(err error) bool {
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	case client.IsErrConnectionFailed(err):
		return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	}
	return false
}
