package engine

import (
	"strings"

	"tug/internal/container"
)

// checkConflicts finds what cannot be asked for together, as Docker does, before anything is added to what was asked for.
// Errors: InvalidArgument.
func checkConflicts(c *container.Config, h *container.HostConfig) error {
	_, shared := joined(h.NetworkMode)
	host := h.NetworkMode == "host"
	switch {
	case h.UTSMode == "host" && c.Hostname != "":
		return invalid("conflicting options: hostname and the UTS mode")
	case host && len(h.Links) > 0:
		return invalid("conflicting options: host type networking can't be used with links. This would result in undefined behavior")
	case shared && len(h.Links) > 0:
		return invalid("conflicting options: container type network can't be used with links. This would result in undefined behavior")
	case shared && c.Hostname != "":
		return invalid("conflicting options: hostname and the network mode")
	case shared && len(h.DNS)+len(h.DNSSearch)+len(h.DNSOptions) > 0:
		return invalid("conflicting options: dns and the network mode")
	case shared && len(h.ExtraHosts) > 0:
		return invalid("conflicting options: custom host-to-IP mapping and the network mode")
	case shared && (len(h.PortBindings) > 0 || h.PublishAllPorts):
		return invalid("conflicting options: port publishing and the container type network mode")
	case shared && len(c.ExposedPorts) > 0:
		return invalid("conflicting options: port exposing and the container type network mode")
	}
	return nil
}

// refused finds what tug does not have, rather than pass over it. Errors: InvalidArgument.
func refused(h *container.HostConfig) error {
	switch {
	case h.Cgroup != "":
		return invalid("Cgroup %q: every container has a cgroup of its own; to limit several together give them one CgroupParent (--cgroup-parent)", h.Cgroup)
	case len(h.StorageOpt) > 0:
		return invalid("storage options (--storage-opt) are not supported: the writable layer is a folder of the data root's file system, which has no quota for it; limit a --tmpfs, or use a volume on a file system of its own")
	case h.VolumeDriver != "" && h.VolumeDriver != "local":
		return invalid("error looking up volume plugin %s: plugin %q not found: volumes have the driver \"local\" here", h.VolumeDriver, h.VolumeDriver)
	case len(h.DeviceRequests) > 0:
		q := h.DeviceRequests[0]
		return invalid("could not select device driver %q with capabilities: %v: tug has no drivers for --gpus; give device nodes with --device", q.Driver, q.Capabilities)
	}
	return nil
}

// checkWords finds variables and annotations without a name, which nobody could ask for.
func checkWords(c *container.Config, h *container.HostConfig) error {
	for _, v := range c.Env {
		if name, _, _ := strings.Cut(v, "="); name == "" || strings.Contains(v, "\x00") {
			return invalid("invalid environment variable: %q", v)
		}
	}
	if _, ok := h.Annotations[""]; ok {
		return invalid("invalid Annotations: the empty string is not permitted as an annotation key")
	}
	return nil
}
