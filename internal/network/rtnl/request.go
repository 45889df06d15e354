package rtnl

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Request is one thing that the kernel is asked to do.
type Request struct {
	what    string
	message nl.NetlinkRequest
	orThere bool
}

// OrThere makes it no failure when what the request adds is there already.
func (r Request) OrThere() Request {
	r.orThere = true
	return r
}

// LoopbackIndex is the index of `lo` in every network namespace.
const LoopbackIndex = 1

// addrGenNone is IN6_ADDR_GEN_MODE_NONE: the kernel makes no link-local address of its own.
const addrGenNone = 1

func newRequest(kind uint16, flags uint16, format string, args ...any) Request {
	r := Request{what: fmt.Sprintf(format, args...)}
	r.message.Len = unix.SizeofNlMsghdr
	r.message.Type = kind
	r.message.Flags = flags
	return r
}

// End is one end of a veth pair.
type End struct {
	Name string
	MAC  net.HardwareAddr
	Up   bool
}

// Veth makes a veth pair: the outer end in the socket's namespace as a port of the bridge (index), the inner end in the
// namespace inner, with its final name from the start.
func Veth(outer, end End, inner *os.File, bridge, mtu int) Request {
	r := newRequest(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, "make %s with its peer %s", outer.Name, end.Name)
	r.message.AddData(linkMessage(0, outer.Up))
	for _, a := range endAttributes(outer, mtu) {
		r.message.AddData(a)
	}
	r.message.AddData(uint32Attr(unix.IFLA_MASTER, bridge))

	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, []byte("veth"))
	peer := info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.VETH_INFO_PEER, nil)
	peer.AddChild(linkMessage(0, end.Up))
	for _, a := range endAttributes(end, mtu) {
		peer.AddChild(a)
	}
	peer.AddChild(uint32Attr(unix.IFLA_NET_NS_FD, int(inner.Fd())))
	r.message.AddData(info)
	return r
}

func endAttributes(e End, mtu int) []nl.NetlinkRequestData {
	list := []nl.NetlinkRequestData{nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(e.Name))}
	if mtu > 0 {
		list = append(list, uint32Attr(unix.IFLA_MTU, mtu))
	}
	if len(e.MAC) > 0 {
		list = append(list, nl.NewRtAttr(unix.IFLA_ADDRESS, e.MAC))
	}
	return list
}

// Up brings the link up.
func Up(index int) Request {
	r := newRequest(unix.RTM_NEWLINK, 0, "bring link %d up", index)
	r.message.AddData(linkMessage(index, true))
	return r
}

// Isolate keeps a bridge's port from the bridge's other isolated ports.
func Isolate(name string) Request {
	return portFlag(name, "isolate port %s", nl.IFLA_BRPORT_ISOLATED)
}

// Hairpin lets a bridge send frames back through the port from which they came.
func Hairpin(name string) Request {
	return portFlag(name, "switch hairpin mode of port %s on", nl.IFLA_BRPORT_MODE)
}

func portFlag(name, what string, flag int) Request {
	r := newRequest(unix.RTM_NEWLINK, 0, what, name)
	r.message.AddData(linkMessage(0, false))
	r.message.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_SLAVE_KIND, []byte("bridge"))
	info.AddRtAttr(nl.IFLA_INFO_SLAVE_DATA, nil).AddRtAttr(flag, []byte{1})
	r.message.AddData(info)
	return r
}

// NoAddress6 tells IPv6 not to give the link of that name an address of its own.
func NoAddress6(name string) Request {
	r := newRequest(unix.RTM_NEWLINK, 0, "switch IPv6 addresses of %s off", name)
	r.message.AddData(linkMessage(0, false))
	r.message.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	spec := nl.NewRtAttr(unix.IFLA_AF_SPEC, nil)
	spec.AddRtAttr(unix.AF_INET6, nil).AddRtAttr(unix.IFLA_INET6_ADDR_GEN_MODE, []byte{addrGenNone})
	r.message.AddData(spec)
	return r
}

// Group puts the link of that name into a group.
func Group(name string, group uint32) Request {
	r := newRequest(unix.RTM_NEWLINK, 0, "put link %s into group %d", name, group)
	r.message.AddData(linkMessage(0, false))
	r.message.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	r.message.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	return r
}

// DeleteGroup removes every link of a group, in the time that the removal of one takes.
func DeleteGroup(group uint32) Request {
	r := newRequest(unix.RTM_DELLINK, 0, "delete the links of group %d", group)
	r.message.AddData(linkMessage(0, false))
	r.message.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	return r
}

// Delete removes a link; a veth pair goes with either end.
func Delete(index int) Request {
	r := newRequest(unix.RTM_DELLINK, 0, "delete link %d", index)
	r.message.AddData(linkMessage(index, false))
	return r
}

// Address gives the link an address with the subnet's length.
func Address(index int, p netip.Prefix) Request {
	r := newRequest(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, "add address %s to link %d", p, index)
	m := nl.NewIfAddrmsg(family(p.Addr()))
	m.Index = uint32(index)
	m.Prefixlen = uint8(p.Bits())
	if p.Addr().Is6() {
		m.IfAddrmsg.Flags = unix.IFA_F_NODAD // the address comes from our own allocation: nothing to probe for, and no second to wait
	}
	r.message.AddData(m)
	r.message.AddData(nl.NewRtAttr(unix.IFA_LOCAL, p.Addr().AsSlice()))
	r.message.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, p.Addr().AsSlice()))
	if p.Addr().Is4() && p.Bits() < 31 {
		r.message.AddData(nl.NewRtAttr(unix.IFA_BROADCAST, broadcast(p)))
	}
	return r
}

// broadcast returns the last address of an IPv4 subnet.
func broadcast(p netip.Prefix) []byte {
	a := p.Addr().As4()
	last := binary.BigEndian.Uint32(a[:]) | (1<<(32-p.Bits()) - 1)
	return binary.BigEndian.AppendUint32(nil, last)
}

// DefaultRoute sends everything that no other route takes through the gateway.
func DefaultRoute(index int, gateway netip.Addr) Request {
	r := newRequest(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, "add the default route through %s", gateway)
	m := nl.NewRtMsg()
	m.Family = uint8(family(gateway))
	r.message.AddData(m)
	r.message.AddData(nl.NewRtAttr(unix.RTA_GATEWAY, gateway.AsSlice()))
	r.message.AddData(uint32Attr(unix.RTA_OIF, index))
	return r
}

func linkMessage(index int, up bool) *nl.IfInfomsg {
	m := nl.NewIfInfomsg(unix.AF_UNSPEC)
	m.Index = int32(index)
	if up {
		m.Flags, m.Change = unix.IFF_UP, unix.IFF_UP
	}
	return m
}

func uint32Attr(kind, value int) *nl.RtAttr { return nl.NewRtAttr(kind, nl.Uint32Attr(uint32(value))) }

func family(a netip.Addr) int {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
