package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/containerd/errdefs"
)

// proxyRefusal is a proxy that does not let us through to a registry.
type proxyRefusal struct {
	proxy  string // host:port
	status int
}

func (r *proxyRefusal) Error() string {
	said := fmt.Sprintf("the proxy %s does not let us through: it answers %d %s", r.proxy, r.status, http.StatusText(r.status))
	if r.status == http.StatusProxyAuthRequired {
		return said + ": check the name and the password in its address, http://NAME:PASSWORD@" + r.proxy
	}
	return said + ": ask who runs it, or list the registry in NO_PROXY if it can be reached without"
}

// throughProxy is http.Transport's OnProxyConnectResponse.
func throughProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyRefusal{proxy: proxy.Host, status: answer.StatusCode}
}

// isOfProxy tells an error of the way to a proxy, or of the proxy, from one of the registry.
func isOfProxy(err error) bool {
	var refusal *proxyRefusal
	var dial *net.OpError
	return errors.As(err, &refusal) || errors.As(err, &dial) && dial.Op == "proxyconnect"
}

func explainProxy(host string, err error) error {
	var refusal *proxyRefusal
	if errors.As(err, &refusal) {
		return fmt.Errorf("registry %s: %w: %w", host, refusal, errdefs.ErrUnavailable)
	}
	return fmt.Errorf("registry %s: its proxy cannot be reached: check the daemon's proxy settings, see 'docker info': %w: %w", host, err, errdefs.ErrUnavailable)
}
