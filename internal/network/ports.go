package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

	"tug/internal/nft"
)

// PortBinding is a container's port on this host. Ranges of container ports are for the caller to expand.
type PortBinding struct {
	Proto         string // tcp, udp or sctp; empty: tcp
	ContainerPort uint16
	HostIP        netip.Addr // zero: every address of this host, IPv4 and IPv6
	HostPort      uint16     // 0: a free one
	HostPortEnd   uint16     // the last of a range that begins with HostPort, of which any free one will do; 0: HostPort alone
}

// portTable knows which host ports this daemon's containers hold. It is a plain value without a lock.
type portTable struct {
	held map[hostPort][]claim
	next uint16 // where the search for a free port goes on
}

// hostPort is a port on some address or all of them.
type hostPort struct {
	proto string
	port  uint16
}

// claim is one endpoint's hold on a port, on one address or a whole family (0.0.0.0 or ::).
type claim struct {
	ip        netip.Addr
	endpoint  string
	container string
	to        netip.AddrPort // zero: held, but nothing is translated (the container has no address in that family)
}

// newClaim is an endpoint's hold on a port of the host address ip.
func newClaim(ep *Endpoint, ip netip.Addr, containerPort uint16) claim {
	c := claim{ip: ip, endpoint: ep.ID, container: ep.Container}
	if to, ok := ep.target(ip); ok {
		c.to = netip.AddrPortFrom(to, containerPort)
	}
	return c
}

func newPortTable() *portTable { return &portTable{held: make(map[hostPort][]claim)} }

// claim holds a port for an endpoint. The error is FailedPrecondition and names the holder.
func (t *portTable) claim(proto string, port uint16, c claim) error {
	k := hostPort{proto, port}
	for _, held := range t.held[k] {
		if held.ip == c.ip || held.ip.Is4() == c.ip.Is4() && (held.ip.IsUnspecified() || c.ip.IsUnspecified()) {
			return fmt.Errorf("bind for %s/%s failed: port is already allocated to container %s on %s; choose another host port or stop that container: %w",
				netip.AddrPortFrom(c.ip, port), proto, shortID(held.container), held.ip, errdefs.ErrFailedPrecondition)
		}
	}
	t.held[k] = append(t.held[k], c)
	return nil
}

// release lets an endpoint's hold on one address go.
func (t *portTable) release(proto string, port uint16, ip netip.Addr, endpoint string) {
	k := hostPort{proto, port}
	t.keep(k, func(c claim) bool { return c.endpoint != endpoint || c.ip != ip })
}

// releaseAll lets everything go that an endpoint holds.
func (t *portTable) releaseAll(endpoint string) {
	for k := range t.held {
		t.keep(k, func(c claim) bool { return c.endpoint != endpoint })
	}
}

func (t *portTable) keep(k hostPort, want func(claim) bool) {
	left := slices.DeleteFunc(t.held[k], func(c claim) bool { return !want(c) })
	if t.held[k] = left; len(left) == 0 {
		delete(t.held, k)
	}
}

// rules returns the packet rules for everything that is held.
func (t *portTable) rules() []nft.Port {
	return t.rulesWhere(func(claim) bool { return true })
}

// rulesOf returns those of one endpoint.
func (t *portTable) rulesOf(endpoint string) []nft.Port {
	return t.rulesWhere(func(c claim) bool { return c.endpoint == endpoint })
}

func (t *portTable) rulesWhere(want func(claim) bool) []nft.Port {
	var list []nft.Port
	for k, claims := range t.held {
		for _, c := range claims {
			if want(c) && c.to.IsValid() {
				list = append(list, nft.Port{Proto: k.proto, HostIP: c.ip, Host: k.port, To: c.to})
			}
		}
	}
	return list
}

// pick returns the next port of the range that nobody holds on any address, going round.
func (t *portTable) pick(proto string, low, high uint16) (uint16, bool) {
	for range int(high) - int(low) + 1 {
		if t.next < low || t.next > high {
			t.next = low
		}
		port := t.next
		t.next++ // at 65535 it becomes 0, which is below every range
		if len(t.held[hostPort{proto, port}]) == 0 {
			return port, true
		}
	}
	return 0, false
}

// check puts a binding into its canonical form, and tells which addresses of this host it means.
func (b PortBinding) check() (PortBinding, []netip.Addr, error) {
	b.Proto = strings.ToLower(b.Proto)
	if b.Proto == "" {
		b.Proto = "tcp"
	}
	if b.Proto != "tcp" && b.Proto != "udp" && b.Proto != "sctp" {
		return b, nil, fmt.Errorf("publish port %d/%s: the protocol must be tcp, udp or sctp: %w", b.ContainerPort, b.Proto, errdefs.ErrInvalidArgument)
	}
	if b.ContainerPort == 0 {
		return b, nil, fmt.Errorf("publish port 0/%s: a container's port is 1 to 65535: %w", b.Proto, errdefs.ErrInvalidArgument)
	}
	if !b.HostIP.IsValid() {
		return b, []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}, nil
	}
	b.HostIP = b.HostIP.Unmap()
	if b.HostIP.Zone() != "" {
		return b, nil, fmt.Errorf("publish on %s: an address with a zone cannot be published on: %w", b.HostIP, errdefs.ErrInvalidArgument)
	}
	return b, []netip.Addr{b.HostIP}, nil
}

func shortID(id string) string { return id[:min(len(id), 12)] }
