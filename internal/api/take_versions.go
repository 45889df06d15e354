package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
)

// adapt reads the request as the version of the API that its client speaks meant it: fields that a version did not have are
// dropped, defaults that it had are said. The warnings are for the client.
func (b *createBody) adapt(v version) (warnings []string, err error) {
	host, nets := &b.HostConfig.HostConfig, b.NetworkingConfig
	if host.NetworkMode == "" || host.NetworkMode == network.NetworkDefault {
		host.NetworkMode = network.NetworkBridge
		if e, ok := nets.EndpointsConfig[network.NetworkDefault]; ok {
			delete(nets.EndpointsConfig, network.NetworkDefault)
			nets.EndpointsConfig[network.NetworkBridge] = e
		}
	}
	if v < 25 {
		host.AutoRemove = false // the client removes it
	}
	if v < 40 && host.IpcMode == "" {
		host.IpcMode = container.IPCModeShareable
	}
	if v < 42 {
		host.ConsoleSize = [2]uint{}
	}
	if v < 43 {
		host.Annotations = nil
	}
	if v < 44 {
		if b.Healthcheck != nil {
			b.Healthcheck.StartInterval = 0
		}
		if len(nets.EndpointsConfig) > 1 {
			return nil, invalid("Container cannot be created with multiple network endpoints: %s",
				strings.Join(slices.Sorted(maps.Keys(nets.EndpointsConfig)), ", "))
		}
	}
	if v < 56 {
		host.Umask = nil
	}
	if v < 48 {
		for _, e := range nets.EndpointsConfig {
			if e != nil {
				e.GwPriority = 0
			}
		}
	}
	if host.PidsLimit != nil && *host.PidsLimit <= 0 {
		host.PidsLimit = nil
	}
	for i := range host.Mounts {
		if err := adaptMount(&host.Mounts[i], v); err != nil {
			return nil, err
		}
	}
	if v >= 48 && ignoresVolumeDriver(host) {
		warnings = append(warnings, "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. "+
			"Use '--mount type=volume,volume-driver=...' instead")
	}
	warning, err := b.adaptMAC(v)
	if err != nil {
		return nil, err
	}
	warnings = appendSaid(warnings, warning, adaptPorts(host, v), b.HostConfig.noKernelMemory())
	return warnings, nil
}

// adaptMount drops from a mount what a version did not have, and refuses options of another type of mount.
func adaptMount(m *mount.Mount, v version) error {
	if v < 42 {
		if m.Type != mount.TypeVolume {
			m.VolumeOptions = nil
		}
		if m.Type != mount.TypeTmpfs {
			m.TmpfsOptions = nil
		}
	}
	if o := m.BindOptions; o != nil {
		o.NonRecursive = o.NonRecursive && v >= 40
		o.CreateMountpoint = o.CreateMountpoint && v >= 42
		if v < 44 && o.ReadOnlyForceRecursive {
			return invalid("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer")
		}
	}
	if v < 44 && m.Type == mount.TypeBind && m.ReadOnly {
		// Read-only was not recursive before 1.44.
		if m.BindOptions == nil {
			m.BindOptions = &mount.BindOptions{}
		}
		m.BindOptions.ReadOnlyNonRecursive = true
	}
	switch {
	case m.VolumeOptions != nil && m.Type != mount.TypeVolume:
		return invalid("VolumeOptions must not be specified on mount type %q", m.Type)
	case m.BindOptions != nil && m.Type != mount.TypeBind && v >= 42:
		return invalid("BindOptions must not be specified on mount type %q", m.Type)
	case m.TmpfsOptions != nil && m.Type != mount.TypeTmpfs:
		return invalid("TmpfsOptions must not be specified on mount type %q", m.Type)
	case m.ImageOptions != nil && m.Type != mount.TypeImage && v >= 48:
		return invalid("ImageOptions must not be specified on mount type %q", m.Type)
	case m.ClusterOptions != nil && m.Type != mount.TypeCluster && v >= 42:
		return invalid("ClusterOptions must not be specified on mount type %q", m.Type)
	case !slices.Contains([]mount.Consistency{"", mount.ConsistencyDefault, mount.ConsistencyFull, mount.ConsistencyCached, mount.ConsistencyDelegated}, m.Consistency):
		return invalid("invalid Consistency %q of the mount on %s: it is default, consistent, cached or delegated", m.Consistency, m.Target)
	case v < 45 && m.VolumeOptions != nil && m.VolumeOptions.Subpath != "":
		return invalid("VolumeOptions.Subpath needs API v1.45 or newer")
	case v < 48 && m.Type == mount.TypeImage:
		return invalid(`Mount type "Image" needs API v1.48 or newer`)
	}
	return nil
}

// ignoresVolumeDriver tells whether a driver was named for all volumes while a --mount asks for a volume without naming its own.
func ignoresVolumeDriver(host *container.HostConfig) bool {
	return host.VolumeDriver != "" && slices.ContainsFunc(host.Mounts, func(m mount.Mount) bool {
		o := m.VolumeOptions
		return m.Type == mount.TypeVolume && (o == nil || o.DriverConfig == nil || o.DriverConfig.Name == "")
	})
}

// adaptPorts gives a port that was published without a binding any free one of the host, as versions before 1.53 mean it; newer
// ones mean that it is not published.
func adaptPorts(host *container.HostConfig, v version) (warning string) {
	var bare []string
	for port, bindings := range host.PortBindings {
		switch {
		case len(bindings) > 0:
		case v > 52:
			delete(host.PortBindings, port)
		default:
			host.PortBindings[port] = []network.PortBinding{{}}
			bare = append(bare, port.String())
		}
	}
	if len(bare) == 0 || v < 52 {
		return ""
	}
	slices.Sort(bare)
	return fmt.Sprintf("Following container port(s) have an empty list of port-bindings: %s. Starting with API 1.53, such bindings will be discarded.",
		strings.Join(bare, ", "))
}

// adaptMAC gives the container's one hardware address, which was the way before 1.44, to its main network.
func (b *createBody) adaptMAC(v version) (warning string, err error) {
	if v < 44 {
		for _, e := range b.NetworkingConfig.EndpointsConfig {
			if e != nil {
				e.MacAddress = nil // such a version had no such field
			}
		}
	}
	switch {
	case b.MacAddress == "":
		return "", nil
	case v >= 52:
		return "The container-wide MacAddress is discarded: the API has none since version 1.52. Say it in EndpointsConfig instead.", nil
	}
	var mac network.HardwareAddr
	if err := mac.UnmarshalText([]byte(b.MacAddress)); err != nil {
		return "", invalid("invalid MAC address %q: %w", b.MacAddress, err)
	}
	mode := b.HostConfig.NetworkMode
	if !mode.IsBridge() && !mode.IsUserDefined() {
		if v < 44 {
			return "", invalid("conflicting options: mac-address and the network mode")
		}
		return macDeprecated, nil
	}
	e := b.endpoint(string(mode))
	if e.MacAddress != nil && e.MacAddress.String() != mac.String() {
		return "", invalid("the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty")
	}
	e.MacAddress = mac
	if v < 44 {
		return "", nil
	}
	return macDeprecated, nil
}

const macDeprecated = "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead."

// endpoint is what is asked for on a network, made if nothing is. A single one with another name is the network's too: the
// mode may have its id where the endpoint has its name.
func (b *createBody) endpoint(name string) *network.EndpointSettings {
	endpoints := b.NetworkingConfig.EndpointsConfig
	if e := endpoints[name]; e != nil {
		return e
	}
	if len(endpoints) == 1 {
		for _, e := range endpoints {
			if e != nil {
				return e
			}
		}
	}
	if endpoints == nil {
		endpoints = map[string]*network.EndpointSettings{}
		b.NetworkingConfig.EndpointsConfig = endpoints
	}
	endpoints[name] = &network.EndpointSettings{}
	return endpoints[name]
}

// appendSaid appends those texts that say something.
func appendSaid(list []string, texts ...string) []string {
	for _, s := range texts {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}
