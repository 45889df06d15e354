package registry

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	remoteerrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/containerd/errdefs"
)

// maxMessage is how much of a registry's own words is passed on, in bytes.
const maxMessage = 300

// ExplainPull says of an error of a pull what it means and what to do, in Docker's words where it has some. ref is the name as the user knows it.
func ExplainPull(err error, ref, repository string) error {
	denied := fmt.Sprintf("pull access denied for %s, repository does not exist or may require 'docker login'", repository)
	var status remoteerrors.ErrUnexpectedStatus
	var transport *url.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, docker.ErrInvalidAuthorization):
		return fmt.Errorf("%s: denied: requested access to the resource is denied: %w", denied, errdefs.ErrNotFound)
	case errors.As(err, &status):
		return explainStatus(status, ref, denied)
	case errors.As(err, &transport):
		return explainTransport(transport)
	case errdefs.IsNotFound(err):
		return fmt.Errorf("manifest for %s not found: manifest unknown: the registry has no such repository or tag: %w", ref, errdefs.ErrNotFound)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("pull %s: the connection ended before all was there: try again: %w: %w", ref, err, errdefs.ErrUnavailable)
	}
	return fmt.Errorf("pull %s: %w", ref, err)
}

// ExplainPush says of an error of a push what it means and what to do.
func ExplainPush(err error, ref string) error {
	var status remoteerrors.ErrUnexpectedStatus
	var transport *url.Error
	denied := fmt.Sprintf("push access denied for %s: log in with 'docker login', or check that you may write there", ref)
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, docker.ErrInvalidAuthorization):
		return fmt.Errorf("%s: denied: requested access to the resource is denied: %w", denied, errdefs.ErrPermissionDenied)
	case errors.As(err, &status) && (status.StatusCode == http.StatusUnauthorized || status.StatusCode == http.StatusForbidden):
		return fmt.Errorf("%s: %s: %w", denied, cmp.Or(message(status.Body), status.Status), errdefs.ErrPermissionDenied)
	case errors.As(err, &transport):
		return explainTransport(transport)
	}
	return fmt.Errorf("push %s: %w", ref, err)
}

func explainStatus(s remoteerrors.ErrUnexpectedStatus, ref, denied string) error {
	said := cmp.Or(message(s.Body), s.Status)
	switch s.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s: denied: %s: %w", denied, said, errdefs.ErrNotFound)
	case http.StatusNotFound:
		return fmt.Errorf("manifest for %s not found: manifest unknown: %s: %w", ref, said, errdefs.ErrNotFound)
	case http.StatusTooManyRequests:
		return fmt.Errorf("toomanyrequests: the registry limits how much is pulled: wait, or log in: %s: %w", said, errdefs.ErrResourceExhausted)
	}
	host := s.RequestURL
	if u, err := url.Parse(s.RequestURL); err == nil {
		host = u.Host
	}
	return fmt.Errorf("pull %s: registry %s answered %s: %s: %w", ref, host, s.Status, said, errdefs.ErrUnavailable)
}

// message is what a registry's error document says, in one line without control characters.
func message(body []byte) string {
	var doc struct {
		Errors []struct{ Code, Message string }
	}
	var said string
	if json.Unmarshal(body, &doc) == nil && len(doc.Errors) > 0 {
		said = strings.ToLower(doc.Errors[0].Code) + ": " + doc.Errors[0].Message
	}
	said = printable(said)
	return strings.ToValidUTF8(said[:min(len(said), maxMessage)], "")
}

// printable is a foreign text for a terminal: in one line, and without what moves its cursor or changes its colours.
func printable(s string) string {
	shown := func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}
	return strings.Map(shown, strings.Join(strings.Fields(s), " "))
}

// explainTransport is for when no answer came at all. It names the host, which may be a mirror.
func explainTransport(e *url.Error) error {
	host := e.URL
	if u, err := url.Parse(e.URL); err == nil {
		host = cmp.Or(u.Host, "that was asked") // the address of a redirect may be without
	}
	var (
		header  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
		verify  *tls.CertificateVerificationError
		dns     *net.DNSError
	)
	var busy *busyError
	switch {
	case errors.As(e.Err, &busy):
		return busy
	case isOfProxy(e.Err):
		return explainProxy(host, e.Err)
	case errdefs.IsPermissionDenied(e.Err), errdefs.IsOutOfRange(e.Err), errors.Is(e.Err, errTakesNothing):
		return e.Err
	case errors.As(e.Err, &header), strings.Contains(e.Err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Errorf("registry %s: http: server gave HTTP response to HTTPS client: if it may be spoken to without encryption, list it as insecure registry: %w",
			host, errdefs.ErrUnavailable)
	case errors.As(e.Err, &unknown), errors.As(e.Err, &verify):
		return fmt.Errorf("registry %s: its certificate cannot be verified: install its authority on this host, or for this registry alone in certs.d (see docs/manual/images.md): %w: %w", host, e.Err, errdefs.ErrUnavailable)
	case errors.As(e.Err, &dns):
		return fmt.Errorf("registry %s: its name cannot be resolved: check the name, and this host's DNS: %w: %w", host, e.Err, errdefs.ErrUnavailable)
	case e.Timeout():
		return fmt.Errorf("registry %s does not answer: check the network and the proxy settings: %w: %w", host, e.Err, errdefs.ErrUnavailable)
	}
	return fmt.Errorf("registry %s cannot be reached: %w: %w", host, e.Err, errdefs.ErrUnavailable)
}
