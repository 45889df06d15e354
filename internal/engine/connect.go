package engine

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/undo"
)

// connect puts the container on its networks: the slot's endpoint if it has one, else those that were asked for.
func (e *Engine) connect(ctx context.Context, r *container.Record, b *berth, undo *undo.Stack) ([]*network.Endpoint, error) {
	if b.endpoint != nil {
		return []*network.Endpoint{b.endpoint}, nil // goes with the slot, if the start fails
	}
	if !b.Kind.Network || r.Config.NetworkDisabled || r.Host.NetworkMode == "none" {
		return nil, nil
	}
	var list []*network.Endpoint
	for _, name := range e.networksOf(r) {
		a, err := attachment(name, r.Networks[name])
		if err != nil {
			return nil, err
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
	return a, nil
}

// publishPorts makes the container's ports reachable on the host.
func (e *Engine) publishPorts(ctx context.Context, r *container.Record, endpoints []*network.Endpoint, undo *undo.Stack) (network.Published, error) {
	ports, err := bindings(r)
	if err != nil || len(ports) == 0 || len(endpoints) == 0 {
		return network.Published{}, err
	}
	published, err := e.networks.Publish(ctx, endpoints[0], ports)
	if err != nil {
		return network.Published{}, err
	}
	undo.Add(func() { e.networks.Unpublish(endpoints[0], published.Ports) })
	return published, nil
}

// bindings gives the ports that a container publishes: those of -p, and with -P all exposed ones that have none.
func bindings(r *container.Record) ([]network.PortBinding, error) {
	var list []network.PortBinding
	for _, port := range slices.Sorted(maps.Keys(r.Host.PortBindings)) {
		number, proto, err := parsePort(port)
		if err != nil {
			return nil, err
		}
		for _, b := range r.Host.PortBindings[port] {
			p := network.PortBinding{Proto: proto, ContainerPort: number}
			if b.HostIP != "" {
				if p.HostIP, err = netip.ParseAddr(b.HostIP); err != nil {
					return nil, invalid("invalid host address %q of port %s", b.HostIP, port)
				}
			}
			if p.HostPort, err = hostPort(b.HostPort); err != nil {
				return nil, err
			}
			list = append(list, p)
		}
	}
	if r.Host.PublishAllPorts {
		for _, port := range slices.Sorted(maps.Keys(r.Config.ExposedPorts)) {
			if len(r.Host.PortBindings[port]) > 0 {
				continue
			}
			number, proto, err := parsePort(port)
			if err != nil {
				return nil, err
			}
			list = append(list, network.PortBinding{Proto: proto, ContainerPort: number})
		}
	}
	return list, nil
}

// hostPort reads a host's port; of a range the clients have expanded already, so its first port is meant.
func hostPort(text string) (uint16, error) {
	if text == "" {
		return 0, nil
	}
	first, _, _ := strings.Cut(text, "-")
	n, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return 0, invalid("invalid host port %q", text)
	}
	return uint16(n), nil
}

func parsePort(text string) (number uint16, proto string, err error) {
	port, proto, ok := strings.Cut(text, "/")
	if !ok {
		proto = "tcp"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return 0, "", invalid("invalid port %q", text)
	}
	return uint16(n), strings.ToLower(proto), nil
}

// shownPorts gives the published ports as a record has them.
func shownPorts(ports []network.PortBinding) map[string][]container.PortBinding {
	out := map[string][]container.PortBinding{}
	for _, p := range ports {
		key := fmt.Sprintf("%d/%s", p.ContainerPort, p.Proto)
		out[key] = append(out[key], container.PortBinding{HostIP: p.HostIP.String(), HostPort: strconv.Itoa(int(p.HostPort))})
	}
	return out
}
