package container

import (
	"errors"
	"fmt"
	"strings"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// Exit codes of `run` for what is not the container's own: the daemon or an option, a command that
// cannot be invoked, a command that does not exist.
const (
	exitFailed       = 125
	exitNotInvokable = 126
	exitNotFound     = 127
)

// optionError says what is wrong with the options of command.
func optionError(err error, command string) error {
	if unreachable := new(connection.UnreachableError); errors.As(err, &unreachable) {
		return session.Status{Code: exitFailed, Err: err}
	}
	return session.Status{
		Code: exitFailed,
		Err:  fmt.Errorf("tug: %w\n\nRun 'tug %s --help' for more information", err, command),
	}
}

// runError is an error of `run` with the exit code that tells its kind. The daemon's words are all there
// is to tell by, as with Docker.
func runError(err error) error {
	if err == nil {
		return nil
	}
	text, code := err.Error(), exitFailed
	switch {
	case contains(text, "executable file not found", "no such file or directory", "system cannot find the file specified"):
		code = exitNotFound
	case contains(text, "permission denied", "is a directory"):
		code = exitNotInvokable
	}
	if unreachable := new(connection.UnreachableError); errors.As(err, &unreachable) || connection.Gone(err) {
		return session.Status{Code: exitFailed, Err: err}
	}
	return session.Status{
		Code: code,
		Err:  fmt.Errorf("tug: %w\n\nRun 'tug run --help' for more information", err),
	}
}

func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
