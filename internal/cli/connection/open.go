package connection

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// Options says which daemon to talk to and how.
type Options struct {
	Host       Host
	APIVersion string            // fixed by the person (DOCKER_API_VERSION); "" is the library's, with a fall back
	TLS        *TLS              // nil for none; counts for tcp alone
	Headers    map[string]string // added to each request (HttpHeaders of the configuration file)
	UserAgent  string
	Autostart  bool // start tugd if the default socket is dead and we are root on Linux
}

// Client speaks to one daemon: Docker's API through the client library, and what tug adds to it.
type Client struct {
	*client.Client
	dial    dialFunc
	options Options
}

// dialFunc is http.Transport's DialContext.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Dial opens a connection to the daemon's address on which nothing has been said yet.
func (c *Client) Dial(ctx context.Context) (net.Conn, error) { return c.dial(ctx, "", "") }

// Open prepares a client for the daemon. It does not connect: the first request does.
func Open(o Options) (*Client, error) {
	network, addr, _ := strings.Cut(o.Host.URL, "://")
	if network != "tcp" {
		o.TLS = nil // who may use a socket, or a pipe, is the kernel's business
	}
	if network == "ssh" {
		return openSSH(o)
	}
	if o.TLS != nil || network == "npipe" {
		return openNegotiating(o)
	}
	if network == "tcp" {
		addr, _, _ = strings.Cut(addr, "/") // the path after it is a prefix of every request's
	}
	dial := &dialer{host: o.Host, network: network, addr: addr}
	if o.Autostart && o.Host.Default {
		dial.start = autostart(o.Host)
	}
	transport := &http.Transport{
		DialContext:        dial.DialContext,
		DisableCompression: true,
		MaxIdleConns:       6,
		IdleConnTimeout:    30 * time.Second,
	}
	opts := basic(o)
	if o.APIVersion != "" {
		opts = append(opts, withTransport(transport), client.WithAPIVersion(o.APIVersion))
	} else {
		fallback := &versionFallback{base: transport, spoken: client.MaxAPIVersion}
		opts = append(opts, withTransport(fallback), client.WithHTTPRequestHook(fallback.rewrite), client.WithAPIVersion(client.MaxAPIVersion))
	}
	api, err := client.New(opts...)
	if err != nil {
		return nil, err
	}
	return &Client{Client: api, dial: dial.DialContext, options: o}, nil
}

// openNegotiating leaves the transport to the client library, which asks for the daemon's version
// before the first request.
func openNegotiating(o Options, more ...client.Opt) (*Client, error) {
	var opts []client.Opt
	if o.TLS != nil {
		encrypted, err := o.TLS.client()
		if err != nil {
			return nil, err
		}
		opts = append(opts, client.WithHTTPClient(encrypted)) // first: the host completes it
	}
	opts = append(append(opts, basic(o)...), more...)
	if o.APIVersion != "" {
		opts = append(opts, client.WithAPIVersion(o.APIVersion))
	}
	api, err := client.New(opts...)
	if err != nil {
		return nil, err
	}
	dial := api.Dialer()
	return &Client{Client: api, options: o, dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}, nil
}

// basic are the options of every kind of connection. The host comes first: what sets the
// transport afterwards replaces what the host implies.
func basic(o Options) []client.Opt {
	opts := []client.Opt{client.WithHost(o.Host.URL), client.WithUserAgent(o.UserAgent)}
	if len(o.Headers) > 0 {
		opts = append(opts, client.WithHTTPHeaders(o.Headers))
	}
	return opts
}

func withTransport(t http.RoundTripper) client.Opt {
	return client.WithHTTPClient(&http.Client{Transport: t, CheckRedirect: client.CheckRedirect})
}
