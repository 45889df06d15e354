package registry

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
)

const (
	hubDomain = "docker.io" // how names call Docker Hub
	hubHost   = "registry-1.docker.io"
	indexHost = "index.docker.io"
)

// Config is how registries are reached.
type Config struct {
	Mirrors   map[string][]string // base URLs by registry host; tried in order before the registry itself, for pulls only
	Insecure  []string            // "host", "host:port" or a network "10.0.0.0/8": TLS is not verified there, and plain http will do
	Blocked   []string            // "host", "host:port" or a pattern "*.example.com": never spoken to
	CertsDirs []string            // folders with a folder for each host, in Docker's or containerd's layout; the first that knows a host decides
	UserAgent string              // "" means Go's

	wait  waitFunc      // nil means time itself
	stall time.Duration // 0 means stallTimeout
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
	for _, entry := range c.Insecure {
		if _, err := netip.ParsePrefix(entry); err != nil && (entry == "" || strings.ContainsAny(entry, "/?#@ ")) {
			return fmt.Errorf("insecure registry %q is not HOST[:PORT] or a network such as 10.0.0.0/8: %w", entry, errdefs.ErrInvalidArgument)
		}
	}
	for _, pattern := range c.Blocked {
		if err := checkPattern(pattern); err != nil {
			return err
		}
	}
	return nil
}

// Client speaks to the hosts of one registry for the time of one pull or push.
type Client struct {
	remotes.Resolver
	hosts []docker.RegistryHost
	agent string // how we call ourselves
	wait  waitFunc

	mu         sync.Mutex // guards transports
	transports []*http.Transport
}

// opened notes a transport whose connections Close is to close.
func (c *Client) opened(t *http.Transport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transports = append(c.transports, t)
}

// Close closes the connections.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}

// Client returns the client for a pull or push of a repository at domain ("docker.io", "host:5000"), with the credentials for it.
func (c Config) Client(domain string, auth Auth) (*Client, error) {
	client := &Client{agent: c.UserAgent, wait: c.waiting()}
	hosts, err := c.hosts(client, domain, auth)
	if err != nil {
		return nil, err
	}
	client.hosts = hosts
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
	if err := c.blocked(domain); err != nil {
		return nil, err
	}
	endpoints, err := c.endpoints(domain, auth)
	if err != nil {
		return nil, err
	}
	var hosts []docker.RegistryHost
	for i, e := range endpoints {
		others := slices.ContainsFunc(endpoints[i+1:], func(o endpoint) bool { return o.may&e.may != 0 })
		h, err := c.registryHost(to, e, !others)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, h)
	}
	return hosts, nil
}

// endpoints are the configured mirrors, what the hosts.toml of domain says, and the registry itself. The credentials are for the registry alone.
func (c Config) endpoints(domain string, auth Auth) ([]endpoint, error) {
	list, err := c.mirrors(domain)
	if err != nil {
		return nil, err
	}
	dir, err := c.hostDir(domain)
	if err != nil {
		return nil, err
	}
	own, err := readHosts(dir)
	if err != nil {
		return nil, err
	}
	if own == nil {
		certs, err := certsOf(dir)
		if err != nil {
			return nil, err
		}
		own = []endpoint{{tls: certs, may: docker.HostCapabilityPull | docker.HostCapabilityResolve | docker.HostCapabilityPush}}
	}
	if server := &own[len(own)-1]; server.host == "" {
		server.scheme, server.host, server.path = "https", registryOf(domain), "/v2"
	}
	for i := range own {
		if own[i].is(registryOf(domain)) {
			own[i].auth = auth
		}
	}
	return append(list, own...), nil
}

// is says that an endpoint is a registry's own host, with or without the port that the endpoint's scheme has.
func (e endpoint) is(registry string) bool {
	port := map[string]string{"http": "80", "https": "443"}[e.scheme]
	whole := func(host string) string {
		if host = canonical(host); hostOf(host) == host {
			return net.JoinHostPort(host, port)
		}
		return host
	}
	return whole(e.host) == whole(registry)
}

// registryOf is the host of the registry that names call domain.
func registryOf(domain string) string {
	if domain == hubDomain {
		return hubHost
	}
	return domain
}

// mirrors are the configured mirrors of domain.
func (c Config) mirrors(domain string) ([]endpoint, error) {
	var list []endpoint
	for _, base := range c.Mirrors[domain] {
		u, err := parseMirror(base)
		if err != nil {
			return nil, err
		}
		dir, err := c.hostDir(u.Host)
		if err != nil {
			return nil, err
		}
		e := endpoint{
			scheme: u.Scheme, host: u.Host, path: strings.TrimSuffix(u.Path, "/") + "/v2",
			may: docker.HostCapabilityPull | docker.HostCapabilityResolve,
		}
		if filepath.Base(dir) != "_default" {
			if e.tls, err = certsOf(dir); err != nil {
				return nil, err
			}
		}
		if u.User != nil {
			e.auth.Username = u.User.Username()
			e.auth.Password, _ = u.User.Password()
		}
		list = append(list, e)
	}
	return list, nil
}

func parseMirror(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	if base != "" && !strings.Contains(base, "/") {
		return nil, fmt.Errorf("registry mirror %q lacks the scheme: write \"https://%[1]s\", or \"http://%[1]s\" if it has no TLS: %[2]w", base, errdefs.ErrInvalidArgument)
	}
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
