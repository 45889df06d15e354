package api

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/network"

	"tug/internal/container"
	"tug/internal/engine"
	domain "tug/internal/network"
)

// showEndpoints gives what a container has on each of its networks: what was asked for and, while it runs, what it got.
func showEndpoints(r *container.Record, d *engine.Details, v version) map[string]*network.EndpointSettings {
	out := make(map[string]*network.EndpointSettings, len(d.Endpoints))
	for i := range d.Endpoints {
		got := &d.Endpoints[i]
		e := showAsked(r, got.NetworkName, askedFor(r, got), v)
		e.NetworkID, e.EndpointID = got.NetworkID, got.ID
		e.Gateway, e.IPv6Gateway = got.Gateway4, got.Gateway6
		e.IPAddress, e.IPPrefixLen = split(got.IPv4)
		e.GlobalIPv6Address, e.GlobalIPv6PrefixLen = split(got.IPv6)
		if len(got.MAC) > 0 {
			e.MacAddress = network.HardwareAddr(got.MAC)
		}
		e.DNSNames = got.DNSNames
		out[got.NetworkName] = e
	}
	if len(out) == 0 {
		for _, name := range r.NetworkNames() {
			out[name] = showAsked(r, name, r.Networks[name], v)
		}
	}
	return out
}

// askedFor finds what was asked for on the network of an endpoint, which may have been named by its id.
func askedFor(r *container.Record, e *domain.Endpoint) container.EndpointConfig {
	if asked, ok := r.Networks[e.NetworkName]; ok {
		return asked
	}
	for ref, asked := range r.Networks {
		if ref != "" && strings.HasPrefix(e.NetworkID, ref) {
			return asked
		}
	}
	return container.EndpointConfig{}
}

// showAsked gives what was asked for on a network.
func showAsked(r *container.Record, name string, asked container.EndpointConfig, v version) *network.EndpointSettings {
	e := &network.EndpointSettings{
		IPAMConfig: showIPAM(asked),
		Links:      asked.Links,
		Aliases:    asked.Aliases,
		DriverOpts: asked.DriverOpts,
		GwPriority: asked.GwPriority,
	}
	_ = e.MacAddress.UnmarshalText([]byte(asked.MAC)) // was checked when it was asked for
	if v < 45 && isUserDefined(name) {
		// Versions before 1.45 had no DNSNames, and showed those names here.
		e.Aliases = unique(append(slices.Clone(asked.Aliases), r.ID[:12], r.Config.Hostname))
	}
	return e
}

// split gives an address and the length of its network's prefix; no address has none.
func split(p netip.Prefix) (netip.Addr, int) {
	if !p.IsValid() {
		return netip.Addr{}, 0
	}
	return p.Addr(), p.Bits()
}

func showIPAM(e container.EndpointConfig) *network.EndpointIPAMConfig {
	if e.IPv4 == "" && e.IPv6 == "" && len(e.LinkLocal) == 0 {
		return nil
	}
	v4, _ := netip.ParseAddr(e.IPv4) // both were checked when they were asked for
	v6, _ := netip.ParseAddr(e.IPv6)
	return &network.EndpointIPAMConfig{IPv4Address: v4, IPv6Address: v6, LinkLocalIPs: showAddresses(e.LinkLocal)}
}

// isUserDefined tells whether a network is one that somebody made.
func isUserDefined(name string) bool {
	return name != network.NetworkBridge && name != network.NetworkHost && name != network.NetworkNone
}

// showPorts converts published ports.
func showPorts(in map[string][]container.PortBinding) network.PortMap {
	out := make(network.PortMap, len(in))
	for s, bindings := range in {
		port, err := network.ParsePort(s)
		if err != nil {
			continue
		}
		shown := make([]network.PortBinding, len(bindings))
		for i, b := range bindings {
			ip, _ := netip.ParseAddr(b.HostIP) // none: all addresses
			shown[i] = network.PortBinding{HostIP: ip, HostPort: b.HostPort}
		}
		out[port] = shown
	}
	return out
}

// openPorts are a running container's ports: where the published ones are found, and null for those that are exposed only.
func openPorts(r *container.Record) network.PortMap {
	if !r.IsRunning() || r.State.Live == nil || r.Host.NetworkMode == network.NetworkNone {
		return network.PortMap{}
	}
	out := showPorts(r.State.Live.Ports)
	for port := range showPortSet(r.Config.ExposedPorts) {
		if _, published := out[port]; !published {
			out[port] = nil
		}
	}
	return out
}

// unique leaves out what was there already, and what is empty.
func unique(in []string) []string {
	var out []string
	for _, s := range in {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
