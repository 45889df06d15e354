package connection

import (
	"fmt"
	"strings"
)

// DefaultSocket is where tugd listens unless told otherwise.
const DefaultSocket = "/run/tug/tugd.sock"

// defaultTCPPort and defaultTLSPort complete a tcp address that names no port.
const (
	defaultTCPPort = "2375"
	defaultTLSPort = "2376"
)

// Host is the address of a daemon, as given by a person and completed.
type Host struct {
	URL     string // unix:///run/tug/tugd.sock, tcp://host:2375, npipe:////./pipe/name, ssh://user@host
	Default bool   // nobody named it: it is the address that tugd has by default
}

// Resolve finds the address to talk to: the -H flag, then TUG_HOST, then DOCKER_HOST, then the
// default socket. The error names the flag or variable that holds an address of no known form.
func Resolve(flag string, getenv func(string) string, tls bool) (Host, error) {
	for _, candidate := range []struct{ source, value string }{
		{"-H", flag},
		{"TUG_HOST", getenv("TUG_HOST")},
		{"DOCKER_HOST", getenv("DOCKER_HOST")},
	} {
		if candidate.value == "" {
			continue
		}
		url, err := completeURL(candidate.value, tls)
		if err != nil {
			return Host{}, fmt.Errorf("%s: %w", candidate.source, err)
		}
		return Host{URL: url}, nil
	}
	return Host{URL: "unix://" + DefaultSocket, Default: true}, nil
}

// Socket is the path of the unix socket that h names, or "" if h is of another kind.
func (h Host) Socket() string {
	path, ok := strings.CutPrefix(h.URL, "unix://")
	if !ok {
		return ""
	}
	return path
}

// completeURL accepts what docker's -H accepts: a URL with one of the schemes, a path of a socket,
// or host[:port].
func completeURL(value string, tls bool) (string, error) {
	scheme, rest, hasScheme := strings.Cut(strings.TrimSpace(value), "://")
	if !hasScheme {
		if strings.HasPrefix(value, "/") {
			return "unix://" + value, nil
		}
		scheme, rest = "tcp", value
	}
	switch scheme {
	case "unix":
		if rest == "" {
			rest = DefaultSocket
		}
		return "unix://" + rest, nil
	case "npipe", "ssh":
		if rest == "" {
			return "", fmt.Errorf("%q names no address", value)
		}
		return scheme + "://" + rest, nil
	case "tcp", "http", "https":
		return "tcp://" + completePort(rest, tls || scheme == "https"), nil
	}
	return "", fmt.Errorf("%q is no address of a daemon: use unix://PATH, tcp://HOST:PORT, npipe://NAME or ssh://USER@HOST", value)
}

// completePort adds the usual port to host[:port][/path] if there is none.
func completePort(address string, tls bool) string {
	hostport, path, hasPath := strings.Cut(address, "/")
	if hostport == "" {
		hostport = "localhost"
	}
	if !strings.Contains(hostport[strings.LastIndex(hostport, "]")+1:], ":") {
		port := defaultTCPPort
		if tls {
			port = defaultTLSPort
		}
		hostport += ":" + port
	}
	if hasPath {
		return hostport + "/" + path
	}
	return hostport
}
