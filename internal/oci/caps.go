package oci

import (
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// DefaultCaps are the capabilities of a container, as Docker's.
var defaultCaps = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
}

// Capabilities gives the capabilities of a container's root from the default ones, or all for a privileged container,
// by what was added and dropped ("ALL", "CAP_NET_ADMIN", "net_admin"). All are those of the engine itself.
// Errors: InvalidArgument for an unknown name.
func Capabilities(add, drop []string, privileged bool, all []string) ([]string, error) {
	known := map[string]bool{}
	for _, c := range all {
		known[c] = true
	}
	add, err := capNames("CapAdd", add, known)
	if err != nil {
		return nil, err
	}
	if drop, err = capNames("CapDrop", drop, known); err != nil {
		return nil, err
	}
	base := defaultCaps
	switch {
	case privileged:
		return all, nil
	case slices.Contains(add, "ALL"):
		base = all
	case slices.Contains(drop, "ALL"):
		base = nil
	}
	var out []string
	for _, c := range append(slices.Clone(base), add...) {
		if c != "ALL" && !slices.Contains(drop, c) && !slices.Contains(out, c) && known[c] {
			out = append(out, c)
		}
	}
	return out, nil
}

// capNames gives the kernel's names of those in a field of the request.
func capNames(field string, names []string, known map[string]bool) ([]string, error) {
	out := make([]string, 0, len(names))
	for _, n := range names {
		c := strings.ToUpper(n)
		if c != "ALL" {
			c = "CAP_" + strings.TrimPrefix(c, "CAP_")
			if !known[c] && !slices.Contains(defaultCaps, c) {
				return nil, fmt.Errorf("invalid %s: unknown capability: %q: %w", field, c, errdefs.ErrInvalidArgument)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

func capabilitySets(caps []string) *specs.LinuxCapabilities {
	return &specs.LinuxCapabilities{Bounding: caps, Effective: caps, Permitted: caps}
}
