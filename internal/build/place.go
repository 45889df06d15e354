package build

import "strings"

// networkPrefix begins a cgroup parent that names a network as well. A build's definition has no place for a network's name, but what a build says
// of its cgroup parent comes to each of its steps, and counts in what its cache knows them by.
const networkPrefix = "tug-network="

// placeOf reads a network with a cgroup parent, or a cgroup parent alone.
func placeOf(text string) (network, cgroupParent string) {
	if rest, ok := strings.CutPrefix(text, networkPrefix); ok {
		network, cgroupParent, _ = strings.Cut(rest, ";")
		return network, cgroupParent
	}
	return "default", text
}
