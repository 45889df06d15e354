package registry

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
)

const (
	dialTimeout   = 30 * time.Second
	tlsTimeout    = 10 * time.Second
	answerTimeout = 60 * time.Second // from the request to the head of its answer
	idleTimeout   = 90 * time.Second // of a kept connection

	hubDomain = "docker.io" // how names call Docker Hub
	hubHost   = "registry-1.docker.io"
)

// Config is how registries are reached.
type Config struct {
	Mirrors   map[string][]string // base URLs by registry host; tried in order before the registry itself, for pulls only
	Insecure  []string            // "host", "host:port" or a network "10.0.0.0/8": TLS is not verified there, and plain http will do
	UserAgent string              // "" means Go's
}

// Check says what is wrong with the configuration (InvalidArgument), so that a daemon can say so when it starts.
func (c Config) Check() error {
	for _, bases := range c.Mirrors {
		for _, b := range bases {
			if _, err := parseMirror(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// Client speaks to the hosts of one registry for the time of one pull or push.
type Client struct {
	remotes.Resolver
	transports []*http.Transport
}

// Close closes the connections.
func (c *Client) Close() {
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}

// Client returns the client for a pull or push of a repository at domain ("docker.io", "host:5000"), with the credentials for it.
func (c Config) Client(domain string, auth Auth) (*Client, error) {
	client := &Client{}
	hosts, err := c.hosts(client, domain, auth)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	if c.UserAgent != "" {
		header.Set("User-Agent", c.UserAgent)
	}
	client.Resolver = docker.NewResolver(docker.ResolverOptions{
		Headers: header,
		Hosts: func(d string) ([]docker.RegistryHost, error) {
			if d != domain {
				return nil, fmt.Errorf("registry %s asked for with the credentials of %s: %w", d, domain, errdefs.ErrInternal)
			}
			return hosts, nil
		},
	})
	return client, nil
}

// hosts are the mirrors of domain and then its registry.
func (c Config) hosts(to *Client, domain string, auth Auth) ([]docker.RegistryHost, error) {
	var hosts []docker.RegistryHost
	for _, base := range c.Mirrors[domain] {
		u, err := parseMirror(base)
		if err != nil {
			return nil, err
		}
		own := Auth{}
		if u.User != nil {
			own.Username = u.User.Username()
			own.Password, _ = u.User.Password()
		}
		client := to.http(c.trust(u.Host), u.Scheme == "http")
		hosts = append(hosts, docker.RegistryHost{
			Client: client, Authorizer: own.authorizer(u.Host, client), Host: u.Host, Scheme: u.Scheme, Path: strings.TrimSuffix(u.Path, "/") + "/v2",
			Capabilities: docker.HostCapabilityPull | docker.HostCapabilityResolve,
		})
	}
	host := domain
	if domain == hubDomain {
		host = hubHost
	}
	client := to.http(c.trust(host), false)
	return append(hosts, docker.RegistryHost{
		Client: client, Authorizer: auth.authorizer(host, client), Host: host, Scheme: "https", Path: "/v2",
		Capabilities: docker.HostCapabilityPull | docker.HostCapabilityResolve | docker.HostCapabilityPush,
	}), nil
}

func parseMirror(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("registry mirror %q is not a URL of the form http[s]://HOST[:PORT][/PATH]: %w", base, errdefs.ErrInvalidArgument)
	}
	return u, nil
}

// trust is how much the way to a host is trusted.
type trust int

const (
	verified trust = iota // TLS with a certificate that is verified
	insecure              // TLS with any certificate, or plain http
)

// trust is insecure for hosts on this machine's loopback and for those listed.
func (c Config) trust(hostport string) trust {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || slices.Contains(c.Insecure, hostport) || slices.Contains(c.Insecure, host) {
		return insecure
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return verified
	}
	addr = addr.Unmap()
	if addr.IsLoopback() {
		return insecure
	}
	for _, s := range c.Insecure {
		if p, err := netip.ParsePrefix(s); err == nil && p.Contains(addr) {
			return insecure
		}
	}
	return verified
}

// http is the HTTP client for one host and for where that redirects to. plain says that the host is spoken to over http.
func (c *Client) http(t trust, plain bool) *http.Client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       idleTimeout,
		TLSHandshakeTimeout:   tlsTimeout,
		ResponseHeaderTimeout: answerTimeout,
	}
	c.transports = append(c.transports, transport)
	var way http.RoundTripper = transport
	if t == insecure {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // listed by the user as insecure, or loopback
		way = docker.NewHTTPFallback(transport)
	}
	return &http.Client{Transport: &guard{next: way, plain: plain || t == insecure}}
}
