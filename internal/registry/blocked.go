package registry

import (
	"fmt"
	"net"
	"path"
	"strings"

	"github.com/containerd/errdefs"
)

// blocked says that the configuration forbids to speak to a host (PermissionDenied). A pattern is a host, which means all its ports, or host:port, and may
// have wildcards: "*.example.com". Names are compared as the DNS compares them, whatever their case is and whether they end in a dot. Only those in ASCII
// are: of another one nobody knows what it would be looked up as.
func (c Config) blocked(hostport string) error {
	if len(c.Blocked) == 0 {
		return nil
	}
	if strings.ContainsFunc(hostport, func(r rune) bool { return r > '~' }) {
		return fmt.Errorf("registry %.200q is not looked for in blocked-registries, as its name is not in ASCII: write it as in the DNS, xn--…: %w",
			hostport, errdefs.ErrPermissionDenied)
	}
	whole := canonical(hostport)
	host := whole
	if h, _, err := net.SplitHostPort(whole); err == nil {
		host = h
	}
	for _, pattern := range c.Blocked {
		for _, name := range []string{whole, hubAlias(whole), hubAlias(host)} {
			if ok, _ := path.Match(hubAlias(canonical(pattern)), name); ok {
				return fmt.Errorf("registry %s is blocked by this daemon's configuration (blocked-registries has %q): %w", hostport, pattern, errdefs.ErrPermissionDenied)
			}
		}
	}
	return nil
}

// canonical is the one way to write a host or host:port, of which the DNS takes many for the same.
func canonical(hostport string) string {
	hostport = strings.ToLower(hostport)
	if host, port, err := net.SplitHostPort(hostport); err == nil {
		return net.JoinHostPort(strings.TrimSuffix(host, "."), port)
	}
	return strings.TrimSuffix(hostport, ".")
}

// hubAlias is docker.io for the hosts that serve it, however they are written.
func hubAlias(host string) string {
	switch canonical(host) {
	case hubHost, indexHost, hubDomain:
		return hubDomain
	}
	return host
}

func checkPattern(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return fmt.Errorf("blocked registry %q is not a host, host:port or pattern: %w", pattern, errdefs.ErrInvalidArgument)
	}
	return nil
}
