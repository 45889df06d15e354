package registry

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
)

const (
	dialTimeout   = 30 * time.Second
	tlsTimeout    = 10 * time.Second
	answerTimeout = 60 * time.Second // from the request to the head of its answer
	idleTimeout   = 90 * time.Second // of a kept connection
)

// endpoint is one host that serves a registry's repositories, and how it is spoken to.
type endpoint struct {
	scheme, host, path string
	may                docker.HostCapabilities
	tls                tlsFiles
	skipVerify         bool
	header             http.Header // sent to it and to nobody else
	dialTimeout        time.Duration
	auth               Auth
}

// registryHost makes the endpoint's connection. The last endpoint is asked again when it is busy; after the others comes the next.
func (c Config) registryHost(to *Client, e endpoint, last bool) (docker.RegistryHost, error) {
	if err := c.blocked(e.host); err != nil {
		return docker.RegistryHost{}, err
	}
	client, err := c.http(to, e, last)
	if err != nil {
		return docker.RegistryHost{}, err
	}
	return docker.RegistryHost{
		Client: client, Authorizer: e.auth.authorizer(e.host, c.realms(to, e, client, last)), Host: e.host, Scheme: e.scheme, Path: e.path, Capabilities: e.may, Header: e.header,
	}, nil
}

// wayTo is the HTTP client for a host by its own name, over TLS, with the certificates that are configured for it.
func (c Config) wayTo(to *Client, host string, last bool) (*http.Client, error) {
	dir, err := c.hostDir(host)
	if err != nil {
		return nil, err
	}
	certs, err := certsOf(dir)
	if err != nil {
		return nil, err
	}
	return c.http(to, endpoint{scheme: "https", host: host, tls: certs}, last)
}

// http is the HTTP client for one endpoint and for where that redirects to.
func (c Config) http(to *Client, e endpoint, last bool) (*http.Client, error) {
	config, err := e.tls.config()
	if err != nil {
		return nil, fmt.Errorf("registry %s: %w", e.host, err)
	}
	if e.dialTimeout == 0 {
		e.dialTimeout = dialTimeout
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: throughProxy,
		DialContext:            (&net.Dialer{Timeout: e.dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  answerTimeout,
		TLSClientConfig:        config,
		ReadBufferSize:         64 << 10,
	}
	to.opened(transport)
	var way http.RoundTripper = transport
	plain := e.scheme == "http"
	// Where an authority is configured for a host, the host is verified by it, also on loopback.
	if c.trust(e.host) == insecure && len(e.tls.authorities) == 0 {
		config.InsecureSkipVerify = true // listed by the user as insecure, or loopback
		way = &fallback{next: transport, insecure: func(host string) bool { return c.trust(host) == insecure }}
		plain = true
	}
	if e.skipVerify {
		config.InsecureSkipVerify = true
	}
	stall := cmp.Or(c.stall, stallTimeout)
	again := &retry{next: &sending{way, stall}, tries: 1, wait: c.waiting()}
	if last {
		again.tries = maxTries
	}
	return &http.Client{Transport: &guard{next: again, plain: plain, blocked: c.blocked, own: e.header, stall: stall}}, nil
}

// config reads the certificates.
func (t tlsFiles) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(t.authorities) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("read the system's certificates: %w", err)
		}
		for _, f := range t.authorities {
			pem, err := os.ReadFile(f)
			if err != nil {
				return nil, fmt.Errorf("read certificate: %w", err)
			}
			if !pool.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("%s has no certificate in PEM form: %w", f, errdefs.ErrFailedPrecondition)
			}
		}
		config.RootCAs = pool
	}
	for _, pair := range t.clients {
		cert, err := tls.LoadX509KeyPair(pair[0], pair[1])
		if err != nil {
			return nil, fmt.Errorf("read client certificate %s: %w", pair[0], err)
		}
		config.Certificates = append(config.Certificates, cert)
	}
	return config, nil
}
