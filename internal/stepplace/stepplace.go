// Package stepplace says where the steps of a build run: in which network, below which cgroup. A build's definition has no place for a network's
// name, but what a build says of its cgroup parent comes to each of its steps, and counts in what its cache knows them by: a network is named
// with that.
package stepplace

import (
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
)

// prefix begins a cgroup parent that names a network as well.
const prefix = "tug-network="

// Text is the cgroup parent that names a network, and the cgroup parent, each of which may be "". The network's name has no semicolon.
func Text(network, cgroupParent string) string {
	if network == "" {
		return cgroupParent
	}
	return prefix + network + ";" + cgroupParent
}

// Parse takes a Text apart; the network is "default" if it names none. Errors: InvalidArgument (it names what is no network that somebody has made).
func Parse(text string) (network, cgroupParent string, err error) {
	named, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return "default", text, nil
	}
	network, cgroupParent, _ = strings.Cut(named, ";")
	if network == "" || network == "host" || strings.Contains(network, ":") {
		return "", "", fmt.Errorf("network %q of a build: name one that 'network ls' shows; --network host and none are said otherwise: %w", network, errdefs.ErrInvalidArgument)
	}
	return network, cgroupParent, nil
}
