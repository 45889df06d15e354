package connection

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"github.com/docker/cli/cli/connhelper/commandconn"
	"github.com/moby/moby/client"
)

// openSSH reaches a daemon on another machine by running `tug system dial-stdio` there, which joins
// its standard streams to the daemon's socket.
func openSSH(o Options) (*Client, error) {
	args, err := sshArguments(o.Host.URL)
	if err != nil {
		return nil, err
	}
	dial := dialFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
		return commandconn.New(ctx, "ssh", args...)
	})
	o.Host.URL = "tcp://" + client.DummyHost + ":80" // the library needs an address that it understands
	return openNegotiating(o, client.WithDialContext(dial))
}

// sshArguments turns ssh://[user@]host[:port] into arguments for ssh.
func sshArguments(address string) ([]string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("%s names no host", address)
	}
	if u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/") {
		return nil, fmt.Errorf("%s: only a user, a host and a port can be given", address)
	}
	if _, has := u.User.Password(); has {
		return nil, fmt.Errorf("%s: a password cannot be given in the address: use a key", u.Redacted())
	}
	args := []string{"-o", "ConnectTimeout=30", "-T"}
	if user := u.User.Username(); user != "" {
		args = append(args, "-l", user)
	}
	if port := u.Port(); port != "" {
		args = append(args, "-p", port)
	}
	return append(args, "--", u.Hostname(), "tug", "system", "dial-stdio"), nil
}
