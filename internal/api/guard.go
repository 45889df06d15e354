package api

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/containerd/errdefs"
)

// guard keeps web pages away from a TCP listener. A browser on the same machine lets any page send requests to
// 127.0.0.1 (it names the page in Origin), and a page whose own name resolves to 127.0.0.1 even reads the answers (it
// names itself in Host). Clients with a certificate are known and not asked; a unix socket is out of a browser's reach.
type guard struct {
	hosts map[string]bool
}

func newGuard(names []string) guard {
	hosts := map[string]bool{"localhost": true}
	for _, n := range names {
		hosts[strings.ToLower(n)] = true
	}
	return guard{hosts}
}

// check refuses a request that a web page may have sent.
func (g guard) check(r *http.Request) error {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok || addr.Network() != "tcp" || (r.TLS != nil && len(r.TLS.VerifiedChains) > 0) {
		return nil
	}
	if !g.known(r.Host) {
		return fmt.Errorf("this daemon is not known as %q: use its address or localhost, or have its clients show certificates: %w", r.Host, errdefs.ErrPermissionDenied)
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return fmt.Errorf("requests from web pages (origin %q) are refused: %w", origin, errdefs.ErrPermissionDenied)
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return fmt.Errorf("requests from web pages of other sites are refused: %w", errdefs.ErrPermissionDenied)
	}
	return nil
}

// known tells whether a Host header is an address, localhost, or a name that was configured.
func (g guard) known(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return g.hosts[strings.ToLower(name)]
}
