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
	Context string // the context that names it, "" if none does
}

// Resolve finds the address to talk to: the -H flag, then TUG_HOST, then DOCKER_HOST, then the
// default socket, or, if TLS is wanted, which no socket has, this host's usual port for it. The error
// names the flag or variable that holds an address of no known form.
func Resolve(flag string, getenv func(string) string, tls bool) (Host, error) {
	source, value := "-H", flag
	if value == "" {
		source, value = HostVariable(getenv)
	}
	if value == "" && tls {
		value = "tcp://localhost"
	}
	host, err := ParseHost(value, tls)
	if err != nil {
		return Host{}, fmt.Errorf("%s: %w", source, err)
	}
	return host, nil
}

// HostVariable is the variable of the environment that names a daemon's address, and the address; "" if
// none does.
func HostVariable(getenv func(string) string) (name, value string) {
	for _, name := range []string{"TUG_HOST", "DOCKER_HOST"} {
		if value := getenv(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// ParseHost reads an address; "" is the default socket.
func ParseHost(value string, tls bool) (Host, error) {
	if value == "" {
		return Host{URL: "unix://" + DefaultSocket, Default: true}, nil
	}
	url, err := completeURL(value, tls)
	if err != nil {
		return Host{}, err
	}
	return Host{URL: url}, nil
}

// Socket is the path of the unix socket that h names, or "" if h is of another kind.
func (h Host) Socket() string {
	path, ok := strings.CutPrefix(h.URL, "unix://")
	if !ok {
		return ""
	}
	return path
}

// Remote tells whether h is reached by a program, as ssh, that is started for each connection.
func (h Host) Remote() bool { return strings.HasPrefix(h.URL, "ssh://") }

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
