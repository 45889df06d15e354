// Package fault says of an error what people are shown of it. Errors carry a class of package errdefs, made where the fault is
// known, by which the faces choose a status or an exit code; its name, which wrapping puts at the end of the words ("no such
// container: web: not found"), says nothing to a person.
package fault

import (
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
)

// Words are the words of an error, without the names of its classes at the ends of its lines.
func Words(err error) string {
	lines := strings.Split(err.Error(), "\n") // of which joined errors have one each
	classes := classesOf(err)
	for i := range lines {
		lines[i] = withoutClasses(lines[i], classes)
	}
	return strings.Join(lines, "\n")
}

// Plain is for slog.HandlerOptions: in the log, too, errors have no class.
func Plain(_ []string, a slog.Attr) slog.Attr {
	if err, ok := a.Value.Any().(error); ok {
		a.Value = slog.StringValue(Words(err))
	}
	return a
}

func classesOf(err error) (names []string) {
	for _, class := range []error{
		errdefs.ErrNotFound, errdefs.ErrInvalidArgument, errdefs.ErrConflict, errdefs.ErrAlreadyExists, errdefs.ErrFailedPrecondition,
		errdefs.ErrAborted, errdefs.ErrOutOfRange, errdefs.ErrNotModified, errdefs.ErrUnauthenticated, errdefs.ErrPermissionDenied,
		errdefs.ErrResourceExhausted, errdefs.ErrUnavailable, errdefs.ErrNotImplemented, errdefs.ErrInternal, errdefs.ErrUnknown, errdefs.ErrDataLoss,
	} {
		if errors.Is(err, class) {
			names = append(names, class.Error())
		}
	}
	return names
}

// withoutClasses cuts each class at most once: what stands before it may be an error of the kernel with the same words.
func withoutClasses(line string, classes []string) string {
	for i, class := range classes {
		if rest, found := strings.CutSuffix(line, ": "+class); found {
			return withoutClasses(rest, slices.Concat(classes[:i], classes[i+1:]))
		}
	}
	return line
}
