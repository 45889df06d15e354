package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/containerd/errdefs"
)

// maxBody bounds the JSON of a request, in bytes. Archives have their own limits, where they are unpacked.
const maxBody = 8 << 20

// body decodes the JSON of the request into v. No body at all leaves v as it is.
func (c *call) body(v any) error {
	if err := checkJSON(c.r); err != nil {
		return err
	}
	if c.r.Body == nil || c.r.ContentLength == 0 {
		return nil
	}
	dec := json.NewDecoder(http.MaxBytesReader(&c.w, c.r.Body, maxBody))
	if err := dec.Decode(v); err != nil {
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return fmt.Errorf("the request's body is larger than %d bytes: %w", maxBody, err)
		case errors.Is(err, io.EOF):
			return invalid("invalid JSON: got EOF while reading request body")
		}
		return invalid("invalid JSON: %w", err)
	}
	if dec.More() {
		return fmt.Errorf("unexpected content after JSON: %w", errdefs.ErrInvalidArgument)
	}
	return nil
}

// checkJSON refuses a body that does not say that it is JSON, as a form of a web page would.
func checkJSON(r *http.Request) error {
	ct := r.Header.Get("Content-Type")
	if ct == "" && (r.Body == nil || r.ContentLength == 0) {
		return nil
	}
	kind, _, err := mime.ParseMediaType(ct)
	if err != nil {
		return invalid("malformed Content-Type header (%s): %w", ct, err)
	}
	if kind != "application/json" {
		return invalid("unsupported Content-Type header (%s): must be 'application/json'", ct)
	}
	return nil
}
