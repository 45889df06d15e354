package registry

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"strings"

	"github.com/containerd/errdefs"
)

// blocked says that the configuration forbids to speak to a host (PermissionDenied). A pattern is a host, which means all its ports, or host:port, and may
// have wildcards: "*.example.com". Names are compared as the DNS compares them, whatever their case is and whether they end in a dot. Only those in ASCII
// are: of another one nobody knows what it would be looked up as. An address is the same however it is written: an IPv6 address with or without brackets,
// in any of its short forms, or around an IPv4 address.
func (c Config) blocked(hostport string) error {
	if len(c.Blocked) == 0 {
		return nil
	}
	if strings.ContainsFunc(hostport, func(r rune) bool { return r > '~' }) {
		return fmt.Errorf("registry %.200q is not looked for in blocked-registries, as its name is not in ASCII: write it as in the DNS, xn--…: %w",
			hostport, errdefs.ErrPermissionDenied)
	}
	whole := canonical(hostport)
	host := hostOf(whole)
	names := []string{whole, host, hubAlias(whole), hubAlias(host)}
	if host == whole {
		names = append(names, net.JoinHostPort(hubAlias(host), "443")) // which is the port if none is named
	}
	for _, pattern := range c.Blocked {
		for _, name := range names {
			if matches(hubAlias(canonical(pattern)), name) {
				return fmt.Errorf("registry %s is blocked by this daemon's configuration (blocked-registries has %q): %w", hostport, pattern, errdefs.ErrPermissionDenied)
			}
		}
	}
	return nil
}

// matches says that a name is of a pattern. An address is no pattern: its brackets would mean something else.
func matches(pattern, name string) bool {
	if _, err := netip.ParseAddr(hostOf(pattern)); err == nil {
		return pattern == name
	}
	ok, _ := path.Match(pattern, name)
	return ok
}

// canonical is the one way to write a host or host:port, of which the DNS, and whoever reads addresses, takes many for the same.
func canonical(hostport string) string {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = hostport, ""
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		host = addr.Unmap().WithZone("").String()
	}
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

// hostOf is a canonical host or host:port without the port.
func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
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
