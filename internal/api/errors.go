package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/common"

	"tug/internal/fault"
)

var errPageNotFound = fmt.Errorf("page not found: %w", errdefs.ErrNotFound)

// invalid is an error of the client's making.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", fmt.Errorf(format, args...), errdefs.ErrInvalidArgument)
}

// classes say which status an error of a class is answered with; the first that fits counts. 304 is not an error to Docker's
// clients: it says that the container was running, or stopped, already.
var classes = []struct {
	class  error
	status int
}{
	{errdefs.ErrNotFound, http.StatusNotFound},
	{errdefs.ErrInvalidArgument, http.StatusBadRequest},
	{errdefs.ErrConflict, http.StatusConflict},
	{errdefs.ErrAlreadyExists, http.StatusConflict},
	{errdefs.ErrFailedPrecondition, http.StatusConflict},
	{errdefs.ErrAborted, http.StatusConflict},
	{errdefs.ErrOutOfRange, http.StatusBadRequest},
	{errdefs.ErrNotModified, http.StatusNotModified},
	{errdefs.ErrUnauthenticated, http.StatusUnauthorized},
	{errdefs.ErrPermissionDenied, http.StatusForbidden},
	{errdefs.ErrResourceExhausted, http.StatusTooManyRequests},
	{errdefs.ErrUnavailable, http.StatusServiceUnavailable},
	{errdefs.ErrNotImplemented, http.StatusNotImplemented},
	{errdefs.ErrInternal, http.StatusInternalServerError},
}

// describe gives the status and the words for an error; its class is said by the status and left out of them.
func describe(err error) (int, string) {
	words := fault.Words(err)
	for _, c := range classes {
		if errors.Is(err, c.class) {
			return c.status, words
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, words
	}
	return http.StatusInternalServerError, words
}

// fail answers with an error, and logs those that are the engine's fault. When the answer has begun the connection is cut
// instead, so that the client does not take half of it for the whole.
func (c *call) fail(err error) {
	status, words := describe(err)
	gone := c.r.Context().Err() != nil && errors.Is(err, context.Canceled)
	if status >= http.StatusInternalServerError && !gone {
		c.log.Error("api call failed", "method", c.r.Method, "path", c.r.URL.Path, "error", err)
	}
	if c.w.status != 0 {
		if !gone {
			panic(http.ErrAbortHandler)
		}
		return
	}
	if status == http.StatusNotModified {
		c.w.WriteHeader(status)
		return
	}
	_ = c.json(status, &common.ErrorResponse{Message: words})
}

// refuseVersion answers a client whose version is not spoken; those before 1.24 expected errors in plain text.
func (c *call) refuseVersion(version string, err error) {
	_, words := describe(err)
	if strings.Contains(words, "too old") {
		c.w.status = http.StatusBadRequest
		http.Error(c.w.ResponseWriter, words, http.StatusBadRequest)
		return
	}
	_ = c.json(http.StatusBadRequest, &common.ErrorResponse{Message: words})
}
