package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/network/rtnl"
	"tug/internal/nft"
)

// Published is what Publish has done.
type Published struct {
	// Ports are the bindings with their host ports and addresses: one on every address is listed as 0.0.0.0 and as ::.
	Ports []PortBinding
	// Sockets hold the ports for as long as they stay open. They are bound and do not listen.
	Sockets []*os.File
	// Forwards say of each socket to which address of the container its holder is to pass connections on, since the packet rules
	// cannot: the container has no address of the socket's family. Zero: nothing is to be done with the socket.
	Forwards []netip.AddrPort
}

// Publish makes ports of a container reachable through this host: all of them, or none and an error. On an internal network, on
// host and on none nothing is published, as there is nothing to publish from.
// Errors: FailedPrecondition (a port is held; the message names who holds it), InvalidArgument.
func (n *Networks) Publish(ctx context.Context, ep *Endpoint, ports []PortBinding) (_ Published, err error) {
	if err := ctx.Err(); err != nil {
		return Published{}, err
	}
	internal, err := n.publishes(ep)
	if err != nil || internal || len(ports) == 0 {
		return Published{}, err
	}
	var p Published
	defer func() {
		if err != nil {
			p.close()
			n.letGo(ep, p.Ports)
		}
	}()
	for _, b := range ports {
		if err := n.hold(ep, b, &p); err != nil {
			return Published{}, err
		}
	}
	rules := n.bindingRules(ep, p.Ports)
	if err := n.current(); err != nil {
		return Published{}, err
	}
	if err := n.table.AddPorts(rules); err != nil {
		return Published{}, fmt.Errorf("publish ports of container %s: %w", shortID(ep.Container), err)
	}
	n.reaper.forgetFlows(rules)
	err = n.hairpin(ep)
	if _, gone := n.publishes(ep); err != nil || gone != nil { // detached meanwhile: its address may be somebody else's by now
		return Published{}, errors.Join(err, gone, n.table.DeletePorts(rules))
	}
	return p, nil
}

// Unpublish takes ports back that Publish returned. The sockets are for their holder to close.
func (n *Networks) Unpublish(ep *Endpoint, ports []PortBinding) error {
	rules := n.bindingRules(ep, ports)
	err := n.table.DeletePorts(rules)
	n.letGo(ep, ports)
	n.reaper.forgetFlows(rules)
	if err != nil {
		return fmt.Errorf("unpublish ports of container %s: %w", shortID(ep.Container), err)
	}
	return nil
}

// publishes tells whether nothing can be published from the endpoint's network.
func (n *Networks) publishes(ep *Endpoint) (internal bool, err error) {
	n.state.Lock()
	defer n.state.Unlock()
	if _, ok := n.endpoints[ep.ID]; !ok {
		return false, fmt.Errorf("container %s is not attached to network %s: %w", shortID(ep.Container), ep.NetworkName, errdefs.ErrNotFound)
	}
	l, ok := n.networks[ep.NetworkID]
	return !ok || l.Internal || l.Driver != DriverBridge, nil
}

// hold takes one binding's port on its addresses, and adds what it got to p.
func (n *Networks) hold(ep *Endpoint, b PortBinding, p *Published) error {
	b, ips, err := b.check()
	if err != nil {
		return err
	}
	if b.HostPortEnd > b.HostPort && b.HostPort != 0 {
		return n.holdOneOf(ep, b, ips, p)
	}
	if b.HostPort != 0 {
		return n.holdPort(ep, b, ips, b.HostPort, p)
	}
	low, high := ephemeralRange()
	for range int(high) - int(low) + 1 {
		n.state.Lock()
		port, ok := n.ports.pick(b.Proto, low, high)
		n.state.Unlock()
		if !ok {
			break
		}
		if err := n.holdPort(ep, b, ips, port, p); !isHeld(err) {
			return err
		}
	}
	return fmt.Errorf("publish port %d/%s: all host ports from %d to %d are in use: %w", b.ContainerPort, b.Proto, low, high, errdefs.ErrResourceExhausted)
}

// holdOneOf takes the first free port of the binding's range.
func (n *Networks) holdOneOf(ep *Endpoint, b PortBinding, ips []netip.Addr, p *Published) (err error) {
	for port := int(b.HostPort); port <= int(b.HostPortEnd); port++ {
		if err = n.holdPort(ep, b, ips, uint16(port), p); !isHeld(err) {
			return err
		}
	}
	return fmt.Errorf("all host ports from %d to %d are in use, the last one: %w", b.HostPort, b.HostPortEnd, err)
}

// isHeld tells whether somebody else has the port.
func isHeld(err error) bool {
	return errors.Is(err, unix.EADDRINUSE) || errors.Is(err, errdefs.ErrFailedPrecondition)
}

// holdPort takes one port on all the binding's addresses, or on none.
func (n *Networks) holdPort(ep *Endpoint, b PortBinding, ips []netip.Addr, port uint16, p *Published) (err error) {
	var got Published
	defer func() {
		if err != nil {
			got.close()
			n.letGo(ep, got.Ports)
			return
		}
		p.Ports, p.Sockets, p.Forwards = append(p.Ports, got.Ports...), append(p.Sockets, got.Sockets...), append(p.Forwards, got.Forwards...)
	}()
	for _, ip := range ips {
		forward := ep.forwarded(b, ip)
		if _, ok := ep.target(ip); !ok && !ip.IsUnspecified() && !forward.IsValid() {
			return fmt.Errorf("publish on %s: container %s has no such address on network %s; use a network with --ipv6 or another host address: %w",
				ip, shortID(ep.Container), ep.NetworkName, errdefs.ErrInvalidArgument)
		}
		n.state.Lock()
		err := n.ports.claim(b.Proto, port, newClaim(ep, ip, b.ContainerPort))
		n.state.Unlock()
		if err != nil {
			return err
		}
		got.Ports = append(got.Ports, PortBinding{Proto: b.Proto, ContainerPort: b.ContainerPort, HostIP: ip, HostPort: port})
		socket, err := bindPort(b.Proto, ip, port)
		switch {
		case err == nil && socket != nil:
			got.Sockets, got.Forwards = append(got.Sockets, socket), append(got.Forwards, forward)
		case err == nil: // a protocol of which this kernel has no sockets: nobody else can take the port either
		case len(ips) > 1 && ip.Is6() && (errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL)): // a host without IPv6
			n.letGo(ep, got.Ports[len(got.Ports)-1:])
			got.Ports = got.Ports[:len(got.Ports)-1]
		default:
			return n.explainBind(b.Proto, ip, port, err)
		}
	}
	return nil
}

func (p Published) close() {
	for _, s := range p.Sockets {
		_ = s.Close() // never written to
	}
}

// bindingRules returns the packet rules of resolved bindings.
func (n *Networks) bindingRules(ep *Endpoint, ports []PortBinding) []nft.Port {
	var rules []nft.Port
	for _, b := range ports {
		b, ips, err := b.check()
		if err != nil {
			continue // was never published
		}
		for _, ip := range ips {
			if to, ok := ep.target(ip); ok {
				rules = append(rules, nft.Port{Proto: b.Proto, HostIP: ip, Host: b.HostPort, To: netip.AddrPortFrom(to, b.ContainerPort)})
			}
		}
	}
	return rules
}

// letGo lets an endpoint's hold on bindings go.
func (n *Networks) letGo(ep *Endpoint, ports []PortBinding) {
	n.state.Lock()
	defer n.state.Unlock()
	for _, b := range ports {
		if b, ips, err := b.check(); err == nil {
			for _, ip := range ips {
				n.ports.release(b.Proto, b.HostPort, ip, ep.ID)
			}
		}
	}
}

// hairpin lets the container reach itself through its published ports also where the kernel passes bridged frames through the packet
// rules (br_netfilter): translated there, they go back through the port from which they came.
func (n *Networks) hairpin(ep *Endpoint) error {
	content, err := os.ReadFile(filepath.Join(sysctlRoot, "bridge", "bridge-nf-call-iptables"))
	if err != nil || len(content) == 0 || content[0] != '1' {
		return nil // the module is not there, or leaves bridged frames alone
	}
	return n.sockets.Do(rtnl.Hairpin(ep.HostIf))
}

// ephemeralRange returns the ports that the host itself picks from.
func ephemeralRange() (low, high uint16) {
	content, err := os.ReadFile(filepath.Join(sysctlRoot, "ipv4", "ip_local_port_range"))
	if err == nil {
		if _, err := fmt.Sscan(string(content), &low, &high); err == nil && low > 0 && low <= high {
			return low, high
		}
	}
	return 32768, 60999
}
