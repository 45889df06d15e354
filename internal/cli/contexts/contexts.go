// Package contexts has the commands that manage contexts: create, ls, inspect and so on.
package contexts

import (
	"fmt"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// tellDone prints the name of the context that something was done with, for programs, and what was done, for
// people.
func tellDone(s *session.Session, done, name string) {
	_, _ = fmt.Fprintln(s.Out, name)
	_, _ = fmt.Fprintf(s.Err, "%s %q\n", done, name)
}

// warnOfVariable tells somebody who deals with the current context that the environment overrides it. wanted
// names the context that cannot be used because of that.
func warnOfVariable(s *session.Session, wanted string) {
	variable, _ := connection.HostVariable(s.Getenv)
	if variable == "" {
		return
	}
	_, _ = fmt.Fprintf(s.Err, "Warning: %[1]s environment variable overrides the active context. "+
		"To use %[2]s, either set the global --context flag, or unset %[1]s environment variable.\n", variable, wanted)
}
