package connection

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// UnreachableError says that nothing could be asked of the daemon, why, and what helps.
//
// It does not unwrap to the operating system's error: the client library would replace the text by
// its own, which speaks of Docker.
type UnreachableError struct {
	Host   Host
	Reason string // "nothing listens there"
	Advice string // a sentence, or ""
}

// Error gives one line for people.
func (e *UnreachableError) Error() string {
	text := fmt.Sprintf("cannot reach the daemon at %s: %s", e.Host.URL, e.Reason)
	if e.Advice != "" {
		text += ".\n" + e.Advice
	}
	return text
}

// unreachable turns the failure of a dial into words.
func unreachable(host Host, cause error) *UnreachableError {
	e := &UnreachableError{Host: host, Reason: cause.Error()}
	switch {
	case errors.Is(cause, fs.ErrNotExist):
		e.Reason = "there is no such socket"
	case errors.Is(cause, syscall.ECONNREFUSED):
		e.Reason = "nothing listens there"
	case errors.Is(cause, fs.ErrPermission):
		e.Reason = "permission denied"
		e.Advice = "Run the command as root, or join the group that owns the socket."
		return e
	}
	if host.Default {
		e.Advice = "Start the daemon with 'sudo tugd', or name another one with -H or TUG_HOST."
		if os.Geteuid() == 0 {
			e.Advice = "Start the daemon with 'tugd', or name another one with -H or TUG_HOST."
		}
		return e
	}
	if host.Context != "" {
		e.Advice = fmt.Sprintf("Check the address of the context (tug context inspect %s) and that its daemon runs.", host.Context)
		return e
	}
	e.Advice = "Check the address (-H, TUG_HOST, DOCKER_HOST) and that its daemon runs."
	return e
}
