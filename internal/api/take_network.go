package api

import (
	"net/netip"

	"github.com/moby/moby/api/types/network"

	"tug/internal/container"
)

// takeEndpoints converts what is asked for on each network.
func takeEndpoints(in map[string]*network.EndpointSettings) (map[string]container.EndpointConfig, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make(map[string]container.EndpointConfig, len(in))
	for name, e := range in {
		if e == nil {
			e = &network.EndpointSettings{}
		}
		config := container.EndpointConfig{
			Aliases:    e.Aliases,
			Links:      e.Links,
			MAC:        e.MacAddress.String(),
			DriverOpts: e.DriverOpts,
			GwPriority: e.GwPriority,
		}
		if ipam := e.IPAMConfig; ipam != nil {
			config.IPv4, config.IPv6 = address(ipam.IPv4Address), address(ipam.IPv6Address)
			config.LinkLocal = addresses(ipam.LinkLocalIPs)
		}
		out[name] = config
	}
	return out, nil
}

// takePorts converts published ports.
func takePorts(in network.PortMap) map[string][]container.PortBinding {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string][]container.PortBinding, len(in))
	for port, bindings := range in {
		list := make([]container.PortBinding, len(bindings))
		for i, b := range bindings {
			list[i] = container.PortBinding{HostIP: address(b.HostIP), HostPort: b.HostPort}
		}
		out[port.String()] = list
	}
	return out
}

// address is the text of an address; nothing for none.
func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func addresses(in []netip.Addr) []string {
	if len(in) == 0 {
		return nil
	}
	out := make([]string, len(in))
	for i, a := range in {
		out[i] = address(a)
	}
	return out
}
