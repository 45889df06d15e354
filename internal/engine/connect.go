package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/undo"
)

// connect puts the container on its networks: the slot's endpoint if it has one, else those that were asked for.
func (e *Engine) connect(ctx context.Context, r *container.Record, b *berth, undo *undo.Stack) ([]*network.Endpoint, error) {
	if b.endpoint != nil {
		e.networks.GiveTo(b.endpoint, r.ID)
		return []*network.Endpoint{b.endpoint}, nil // goes with the slot, if the start fails
	}
	if !b.Kind.Network || r.Config.NetworkDisabled || r.Host.NetworkMode == "none" {
		return nil, nil
	}
	names := e.networksOf(r)
	var list []*network.Endpoint
	for _, name := range e.byGateway(r, names) {
		a, err := attachment(name, r.Networks[name])
		if err != nil {
			return nil, err
		}
		if a.IfName == "" && len(names) > 1 && !namesInterfaces(r) {
			a.IfName = fmt.Sprintf("eth%d", slices.Index(names, name))
		}
		a.NetNS, a.Container, a.Hostname = b.NetNS, r.ID, r.Config.Hostname
		ep, err := e.networks.Attach(ctx, a)
		if err != nil {
			return nil, fmt.Errorf("connect to network %s: %w", name, err)
		}
		undo.Add(func() { e.networks.Detach(ep) })
		list = append(list, ep)
	}
	return list, nil
}

// byGateway sorts networks so that the first is the one whose gateway is the container's way out, and whose address its
// published ports lead to: that of the highest priority, and of equals the first by name. Internal networks have no way out.
func (e *Engine) byGateway(r *container.Record, names []string) []string {
	internal := func(name string) int {
		if n, err := e.networks.Get(name); err == nil && n.Internal {
			return 1
		}
		return 0
	}
	return slices.SortedFunc(slices.Values(names), func(a, b string) int {
		return cmp.Or(cmp.Compare(internal(a), internal(b)), cmp.Compare(r.Networks[b].GwPriority, r.Networks[a].GwPriority), cmp.Compare(a, b))
	})
}

// networksOf gives the networks that a container is to be on, that of its network mode first.
func (e *Engine) networksOf(r *container.Record) []string {
	mode := r.Host.NetworkMode
	if mode == "default" {
		mode = network.NameBridge
	}
	if mode == network.NameBridge && e.Bridge == "none" {
		return nil
	}
	names := []string{mode}
	for _, n := range slices.Sorted(maps.Keys(r.Networks)) {
		if n != mode && n != "default" {
			names = append(names, n)
		}
	}
	return names
}

func attachment(name string, c container.EndpointConfig) (a network.Attachment, err error) {
	a = network.Attachment{Network: name, Aliases: c.Aliases}
	for _, p := range []struct {
		text string
		to   *netip.Addr
	}{{c.IPv4, &a.IPv4}, {c.IPv6, &a.IPv6}} {
		if p.text == "" {
			continue
		}
		if *p.to, err = netip.ParseAddr(p.text); err != nil {
			return a, invalid("invalid address %q", p.text)
		}
	}
	if c.MAC != "" {
		if a.MAC, err = net.ParseMAC(c.MAC); err != nil {
			return a, invalid("invalid MAC address %q", c.MAC)
		}
	}
	for _, text := range c.LinkLocal {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return a, invalid("invalid address %q", text)
		}
		a.LinkLocal = append(a.LinkLocal, ip)
	}
	a.IfName = c.DriverOpts[optionIfName]
	a.Sysctls, err = endpointSysctls(c.DriverOpts[optionSysctls])
	return a, err
}

// Options of a container's place on a network, by the names that people know from Docker.
const (
	optionIfName  = "com.docker.network.endpoint.ifname"  // name of the interface in the container
	optionSysctls = "com.docker.network.endpoint.sysctls" // settings of the interface: net.ipv4.conf.IFNAME.log_martians=1,...
)

// namesInterfaces tells whether the creator named an interface: the others are then named as they come.
func namesInterfaces(r *container.Record) bool {
	for _, n := range r.Networks {
		if n.DriverOpts[optionIfName] != "" {
			return true
		}
	}
	return false
}

// endpointSysctls reads settings of an interface: "name=value,name=value".
func endpointSysctls(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	set := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, invalid("invalid sysctl %q of a network's interface: it is like net.ipv4.conf.IFNAME.log_martians=1", pair)
		}
		// Docker's command line sends all of it in lower case.
		set[strings.Replace(name, ".ifname.", ".IFNAME.", 1)] = value
	}
	return set, nil
}
