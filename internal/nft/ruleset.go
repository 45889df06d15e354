package nft

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Bridge is one network's interface and what its traffic may do.
type Bridge struct {
	Name     string         // interface name
	Subnets  []netip.Prefix // addresses of its containers
	Internal bool           // nothing gets out and no port is published
	Routed   bool           // outgoing packets keep their containers' addresses (no masquerading)
	Walled   bool           // its containers do not reach each other
}

// Port says where packets to a port of this host go.
type Port struct {
	Proto  string         // tcp, udp or sctp
	HostIP netip.Addr     // 0.0.0.0 or ::, every address of this host in that family; never the zero Addr
	Host   uint16         // port on this host
	To     netip.AddrPort // container's address and port, of the same family as HostIP
}

// Ruleset is everything that the table is to say.
type Ruleset struct {
	Bridges []Bridge
	Ports   []Port
	// Closed names interfaces between which this host did not forward before the daemon switched forwarding on: it goes on not to.
	Closed []string
}

func (p Port) String() string {
	return fmt.Sprintf("%s/%s -> %s", netip.AddrPortFrom(p.HostIP, p.Host), p.Proto, p.To)
}

// key identifies the map element of a port.
type key struct {
	proto string
	ip    netip.Addr
	port  uint16
}

func (p Port) key() key { return key{p.Proto, p.HostIP, p.Host} }

// check refuses what cannot be a map element.
func (p Port) check() error {
	if _, err := protocolNumber(p.Proto); err != nil {
		return err
	}
	if p.Host == 0 || p.To.Port() == 0 || !p.HostIP.IsValid() || !p.To.Addr().IsValid() || p.HostIP.Is4() != p.To.Addr().Is4() {
		return fmt.Errorf("port mapping %s is incomplete or mixes address families", p)
	}
	return nil
}

// protocolNumber returns the IP protocol number of a transport that has ports.
func protocolNumber(name string) (byte, error) {
	switch name {
	case "tcp":
		return unix.IPPROTO_TCP, nil
	case "udp":
		return unix.IPPROTO_UDP, nil
	case "sctp":
		return unix.IPPROTO_SCTP, nil
	}
	return 0, fmt.Errorf("protocol %q has no ports to publish: use tcp, udp or sctp", name)
}

// comparePorts orders ports so that rendering is the same every time.
func comparePorts(a, b Port) int {
	return cmp.Or(strings.Compare(a.Proto, b.Proto), a.HostIP.Compare(b.HostIP), cmp.Compare(a.Host, b.Host), a.To.Compare(b.To))
}

func compareBridges(a, b Bridge) int { return strings.Compare(a.Name, b.Name) }

// sorted returns the ruleset in its canonical order.
func (r Ruleset) sorted() Ruleset {
	r.Bridges = slices.SortedFunc(slices.Values(r.Bridges), compareBridges)
	r.Ports = slices.SortedFunc(slices.Values(r.Ports), comparePorts)
	r.Closed = slices.Sorted(slices.Values(r.Closed))
	return r
}
