package network

import (
	"net"
	"net/netip"
	"os"
)

// Attachment asks for a container's place on a network.
type Attachment struct {
	Network   string   // name, ID or a prefix of the ID
	NetNS     *os.File // the container's network namespace; it may belong to another user namespace
	Container string   // ID, or that of a slot that waits for its container
	IPv4      netip.Addr
	IPv6      netip.Addr       // zero: the next free address
	MAC       net.HardwareAddr // nil: made from the IPv4 address
	IfName    string           // name inside; empty: the first of eth0, eth1, ... that the container does not have
	Hostname  string
	Aliases   []string
	LinkLocal []netip.Addr // further addresses of the interface, of the ranges 169.254.0.0/16 and fe80::/10
	// Sysctls are settings of the new interface; IFNAME in a name stands for it: net.ipv4.conf.IFNAME.log_martians.
	Sysctls map[string]string
}

// Endpoint is a container's place on a network. It is plain data, to be kept with the container.
type Endpoint struct {
	ID          string
	NetworkID   string
	NetworkName string
	Container   string
	HostIf      string // this host's end of the veth pair; empty on host and none
	IfName      string // the container's end
	IPv4        netip.Prefix
	IPv6        netip.Prefix
	LinkLocal   []netip.Prefix `json:",omitempty"`
	Gateway4    netip.Addr     // zero: no way out
	Gateway6    netip.Addr
	MAC         net.HardwareAddr
	DNSNames    []string
}

// addresses returns those that the endpoint has.
func (e *Endpoint) addresses() []netip.Addr {
	var list []netip.Addr
	for _, p := range []netip.Prefix{e.IPv4, e.IPv6} {
		if p.IsValid() {
			list = append(list, p.Addr())
		}
	}
	return list
}

// linkLocal gives the addresses with the length of their range's prefix.
func linkLocal(addresses []netip.Addr) []netip.Prefix {
	var list []netip.Prefix
	for _, a := range addresses {
		bits := 16
		if a.Is6() {
			bits = 64
		}
		list = append(list, netip.PrefixFrom(a, bits))
	}
	return list
}

// target is the endpoint's address in the family of hostIP.
func (e *Endpoint) target(hostIP netip.Addr) (netip.Addr, bool) {
	p := e.IPv4
	if hostIP.Is6() {
		p = e.IPv6
	}
	return p.Addr(), p.IsValid()
}

// forwarded is where connections to a host's address go that the packet rules cannot lead to the container, because it has an
// address of the other family only; zero if there is no need, or no way: datagrams have no connection to be passed on.
func (e *Endpoint) forwarded(b PortBinding, hostIP netip.Addr) netip.AddrPort {
	if _, translated := e.target(hostIP); translated || b.Proto != "tcp" {
		return netip.AddrPort{}
	}
	other := e.IPv4
	if hostIP.Is4() {
		other = e.IPv6
	}
	if !other.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(other.Addr(), b.ContainerPort)
}

// hardwareAddress makes a MAC out of an IPv4 address, as Docker long did: whoever has the address next has the same MAC, so that no
// neighbour's cache is ever wrong. Without an IPv4 address it is random.
func hardwareAddress(ip netip.Addr, random string) net.HardwareAddr {
	mac := net.HardwareAddr{0x02, 0x42, random[0], random[1], random[2], random[3]}
	if ip.Is4() {
		b := ip.As4()
		copy(mac[2:], b[:])
	}
	return mac
}

// dnsNames are the names by which others on the network find the container.
func (a Attachment) dnsNames() []string {
	var names []string
	if a.Hostname != "" {
		names = append(names, a.Hostname)
	}
	return append(names, a.Aliases...)
}
