package registry

import (
	"fmt"
	"net"
	"path"

	"github.com/containerd/errdefs"
)

// blocked says that the configuration forbids to speak to a host (PermissionDenied). A pattern is a host, which means all its ports, or host:port, and may
// have wildcards: "*.example.com".
func (c Config) blocked(hostport string) error {
	hostport = hubAlias(hostport)
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	for _, pattern := range c.Blocked {
		for _, name := range []string{hostport, hubAlias(host)} {
			if ok, _ := path.Match(pattern, name); ok {
				return fmt.Errorf("registry %s is blocked by this daemon's configuration (blocked-registries has %q): %w", hostport, pattern, errdefs.ErrPermissionDenied)
			}
		}
	}
	return nil
}

// hubAlias is docker.io for the hosts that serve it.
func hubAlias(host string) string {
	switch host {
	case hubHost, indexHost:
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
