package registry

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/containerd/errdefs"
)

// realmWay is the way to token servers. The one of a registry's own host is reached as the registry is. That of another host, which gets the user's
// credentials because the registry says so, must be trusted by its own name: that the registry is listed as insecure says
// nothing of it.
type realmWay struct {
	host  string
	own   http.RoundTripper
	other func(host string) (http.RoundTripper, error)

	mu   sync.Mutex // guards ways
	ways map[string]http.RoundTripper
}

func (w *realmWay) RoundTrip(r *http.Request) (*http.Response, error) {
	first, _ := origin(r)
	way, err := w.way(first.URL.Host)
	if err != nil {
		return nil, err
	}
	return way.RoundTrip(r)
}

func (w *realmWay) way(host string) (http.RoundTripper, error) {
	if host == w.host {
		return w.own, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if way := w.ways[host]; way != nil {
		return way, nil
	}
	way, err := w.other(host)
	if err == nil {
		w.ways[host] = way
	}
	return way, err
}

// keepsCredentials refuses a redirect that would take the body of a request, which has a password or an identity token in it, to another place than the token
// server that it is for.
func keepsCredentials(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if r.Body == nil || r.URL.Scheme == first.Scheme && r.URL.Host == first.Host {
		return nil
	}
	return fmt.Errorf("token server %s://%s redirects to %s://%s, to which the credentials for it do not go: %w",
		first.Scheme, first.Host, r.URL.Scheme, r.URL.Host, errdefs.ErrPermissionDenied)
}

// realms is the client for the token servers that an endpoint names.
func (c Config) realms(to *Client, e endpoint, own *http.Client, last bool) *http.Client {
	return &http.Client{CheckRedirect: keepsCredentials, Transport: &realmWay{
		host: e.host, own: own.Transport, ways: map[string]http.RoundTripper{},
		other: func(host string) (http.RoundTripper, error) {
			client, err := c.wayTo(to, host, last)
			if err != nil {
				return nil, err
			}
			return client.Transport, nil
		},
	}}
}
