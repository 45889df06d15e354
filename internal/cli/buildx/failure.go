package buildx

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/docker/buildx/util/cobrautil"
	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/debug"
	solver "github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/sourcepolicy/policysession"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/moby/buildkit/util/stack"
	"google.golang.org/grpc/codes"

	"tug/internal/cli/session"
)

// showFailure writes why a command failed, the lines of the Dockerfile that it is about, and what to try; it gives the exit code,
// which is buildx's. The step's own last lines have been shown by then.
func showFailure(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	if code, said := saidAlready(w, err); said {
		return code
	}
	for _, denied := range policysession.DenyMessages(err) {
		if text := denied.GetMessage(); text != "" {
			_, _ = fmt.Fprintln(w, "policy:", text)
		}
	}
	for _, source := range solver.Sources(err) {
		_ = source.Print(w)
	}
	if debug.IsEnabled() {
		_, _ = fmt.Fprintf(w, "ERROR: %+v\n", stack.Formatter(err))
	} else {
		_, _ = fmt.Fprintf(w, "ERROR: %v\n", err)
	}
	if text := advice(err.Error()); text != "" {
		_, _ = fmt.Fprintf(w, "\nTry: %s\n", text)
	}
	return exitCode(err)
}

// saidAlready handles errors that carry their own exit code.
func saidAlready(w io.Writer, err error) (code int, said bool) {
	var silent cobrautil.ExitCodeError
	if errors.As(err, &silent) {
		return int(silent), true
	}
	text, found := "", false
	var docker cli.StatusError
	var own session.Status
	switch {
	case errors.As(err, &docker):
		text, code, found = docker.Status, docker.StatusCode, true
	case errors.As(err, &own):
		text, code, found = own.Error(), own.Code, true
	}
	if !found {
		return 0, false
	}
	if text != "" {
		_, _ = fmt.Fprintln(w, text)
	}
	if code == 0 {
		code = 1
	}
	return code, true
}

func exitCode(err error) int {
	switch grpcerrors.Code(err) {
	case codes.Internal:
		return 100
	case codes.ResourceExhausted:
		return 102
	case codes.Canceled:
		return 130
	}
	if errors.Is(err, context.Canceled) {
		return 130
	}
	return 1
}
