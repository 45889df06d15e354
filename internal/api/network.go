package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/network"
	"tug/internal/network"
)

// networkName is the name of a network that is given by name or id.
func (c *call) networkName(ref string) string {
	if n, err := c.engine.Networks().Get(ref); err == nil {
		return n.Name
	}
	return ref
}

// networkList answers with the networks that a client wants to see.
func networkList(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	keep, err := c.networkFilter(filters)
	if err != nil {
		return err
	}
	out := []any{}
	for _, n := range c.engine.Networks().List() {
		if !keep(&n) {
			continue
		}
		if c.before(28) {
			out = append(out, c.inspectNetwork(&n))
		} else {
			out = append(out, moby.Summary{Network: showNetwork(&n)})
		}
	}
	return c.json(http.StatusOK, out)
}

// networkInspect answers with all that is known of a network.
func networkInspect(c *call) error {
	n, err := c.engine.Networks().Get(c.id())
	if err != nil {
		return err
	}
	if scope := c.query.Get("scope"); scope != "" && scope != n.Scope {
		return errNetworkNotFound(c.id())
	}
	return c.json(http.StatusOK, c.inspectNetwork(&n))
}

// inspectNetwork is a network with the containers on it.
func (c *call) inspectNetwork(n *network.Network) *moby.Inspect {
	out := &moby.Inspect{Network: showNetwork(n), Containers: map[string]moby.EndpointResource{}}
	for _, e := range c.engine.Networks().Endpoints(n.ID) {
		name := ""
		if r, err := c.engine.Get(e.Container); err == nil {
			name = r.Name
		} else {
			continue // the endpoint waits for a container
		}
		out.Containers[e.Container] = moby.EndpointResource{
			Name: name, EndpointID: e.ID, MacAddress: moby.HardwareAddr(e.MAC), IPv4Address: e.IPv4, IPv6Address: e.IPv6,
		}
	}
	if !c.before(52) {
		out.Status = &moby.Status{}
	}
	return out
}

// networkConnect refuses what would change the networks of a container that is there. A request to disconnect names the container
// as one to connect does.
func networkConnect(c *call) error {
	var wanted moby.ConnectRequest
	if err := c.body(&wanted); err != nil {
		return err
	}
	if _, err := c.engine.Get(wanted.Container); err != nil {
		return err
	}
	if _, err := c.engine.Networks().Get(c.id()); err != nil {
		return err
	}
	return fmt.Errorf("the networks of a container cannot be changed yet: create it with --network, once for each network: %w", errdefs.ErrNotImplemented)
}

func showNetwork(n *network.Network) moby.Network {
	out := moby.Network{
		Name:       n.Name,
		ID:         n.ID,
		Created:    n.Created,
		Scope:      n.Scope,
		Driver:     n.Driver,
		EnableIPv4: len(n.Subnets) == 0 || slices.ContainsFunc(n.Subnets, func(s network.Subnet) bool { return s.Subnet.Addr().Is4() }),
		EnableIPv6: n.IPv6,
		IPAM:       moby.IPAM{Driver: "default"},
		Internal:   n.Internal,
		Attachable: n.Attachable,
		Options:    orEmpty(n.Options),
		Labels:     orEmpty(n.Labels),
	}
	if n.Name == network.NameBridge {
		out.Options = defaultBridgeOptions(n)
	}
	for _, s := range n.Subnets {
		out.IPAM.Config = append(out.IPAM.Config, moby.IPAMConfig{Subnet: s.Subnet, IPRange: s.Range, Gateway: s.Gateway, AuxAddress: s.Aux})
	}
	return out
}

// defaultBridgeOptions are how the default bridge works, in the words of Docker's options.
func defaultBridgeOptions(n *network.Network) map[string]string {
	options := map[string]string{
		"com.docker.network.bridge.default_bridge":    "true",
		network.OptionICC:                             "true",
		network.OptionMasquerade:                      "true",
		"com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
		network.OptionBridgeName:                      n.Link,
		network.OptionMTU:                             "1500",
	}
	maps.Copy(options, n.Options)
	return options
}
