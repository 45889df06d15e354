package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// fallback is a http.RoundTripper that speaks plain http to insecure hosts that do not speak TLS: those that answer a TLS handshake with something else, or
// let it time out, and those that just close the connection. Without a port in its name a host has two, so that one where nobody listens
// says the same. Other hosts, to which an insecure one may redirect, are spoken to as they are addressed.
type fallback struct {
	next     http.RoundTripper
	insecure func(host string) bool
	plain    sync.Map // of hosts that have answered plain http
}

func (f *fallback) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" || !f.insecure(r.URL.Host) {
		return f.next.RoundTrip(r)
	}
	if _, ok := f.plain.Load(r.URL.Host); ok {
		return f.next.RoundTrip(inTheClear(r))
	}
	resp, shook, err := shake(f.next, r)
	if err == nil || !speaksNoTLS(err, shook) && !isPortless(err, r.URL.Host) || r.Body != nil && r.GetBody == nil {
		return resp, err
	}
	again := inTheClear(r)
	if r.Body != nil {
		body, berr := r.GetBody()
		if berr != nil {
			return nil, errors.Join(err, berr)
		}
		again.Body = body
	}
	resp, perr := f.next.RoundTrip(again)
	if perr != nil {
		return nil, err // of the way that should have been
	}
	f.plain.Store(r.URL.Host, true)
	return resp, nil
}

// inTheClear is a request by http instead of https.
func inTheClear(r *http.Request) *http.Request {
	again := *r
	u := *r.URL
	u.Scheme = "http"
	again.URL = &u
	return &again
}

// shake sends a request, and says whether it failed in the TLS handshake.
func shake(next http.RoundTripper, r *http.Request) (_ *http.Response, failed bool, _ error) {
	var bad atomic.Bool // the connection is made in another goroutine
	trace := &httptrace.ClientTrace{TLSHandshakeDone: func(_ tls.ConnectionState, err error) { bad.Store(err != nil) }}
	resp, err := next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	return resp, err != nil && bad.Load(), err
}

// speaksNoTLS tells a host that speaks something else from one whose TLS is at fault.
func speaksNoTLS(err error, inHandshake bool) bool {
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		return true
	}
	if !inHandshake || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) || isTimeout(err)
}

// isPortless says that a host named without a port, which has one for each protocol, cannot be reached at that for https.
func isPortless(err error, host string) bool {
	if _, port, _ := net.SplitHostPort(host); port != "" {
		return false
	}
	return errors.Is(err, unix.ECONNREFUSED) || isTimeout(err)
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
