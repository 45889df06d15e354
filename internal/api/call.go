package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// call is one request on its way through a handler.
type call struct {
	*server
	w       response
	r       *http.Request
	version version // that the client speaks
	query   url.Values
}

// callKey finds the call in the context of its request.
type callKey struct{}

// handler serves one endpoint. It answers by itself, or returns an error that is then the answer.
type handler func(c *call) error

// ServeHTTP runs the handler on the call that the request belongs to.
func (h handler) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(callKey{}).(*call) //nolint:forcetypeassert // server.ServeHTTP put it there
	c.r = r
	var err error
	if c.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		c.fail(invalid("malformed query: %w", err)) // what cannot be read is not passed over
		return
	}
	if r.Method == http.MethodHead && !strings.HasPrefix(r.Pattern, http.MethodHead) {
		h = func(*call) error { return errPageNotFound } // GET patterns match HEAD as well, which Docker's do not
	}
	if err := h(c); err != nil {
		c.fail(err)
	}
}

// before tells whether the client speaks a version older than 1.minor.
func (c *call) before(minor version) bool { return c.version < minor }

// ctx ends when the client goes away.
func (c *call) ctx() context.Context { return c.r.Context() }

// id is the name or id in the path.
func (c *call) id() string { return c.r.PathValue("id") }

// json answers with a JSON document.
func (c *call) json(status int, v any) error {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	enc := json.NewEncoder(&c.w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// done answers that it was done and there is nothing to say.
func (c *call) done() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// response remembers which status was sent, if any.
type response struct {
	http.ResponseWriter
	status int
}

func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush and hijack.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// flush sends what was written so far.
func (r *response) flush() error {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return http.NewResponseController(r.ResponseWriter).Flush()
}
