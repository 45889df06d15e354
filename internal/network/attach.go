package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/containerd/errdefs"

	"tug/internal/network/rtnl"
)

// linkPrefix begins the names of this host's ends of veth pairs. It starts like Docker's, so that programs that know to leave those
// alone (dhcpcd, NetworkManager) leave these alone, and goes on as none of Docker's does.
const linkPrefix = "vetht"

// Attach gives a container its place on a network: an interface in its network namespace with an address and the default
// route, and `lo` up. On `none` only lo is brought up, on `host` nothing is done.
// Errors: NotFound (no such network), AlreadyExists (address in use), ResourceExhausted (no address left), InvalidArgument.
func (n *Networks) Attach(ctx context.Context, a Attachment) (_ *Endpoint, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, ep, err := n.reserve(a)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			n.forget(ep)
			n.reaper.add(ep)
			err = fmt.Errorf("attach to network %s: %w", l.Name, err)
		}
	}()
	if l.Driver == DriverHost {
		return ep, nil
	}
	inner, err := n.enter(a, ep)
	if err != nil {
		return nil, err
	}
	defer inner.Close()
	if l.Driver == DriverNone {
		return ep, inner.Do(rtnl.Up(rtnl.LoopbackIndex))
	}
	if err := n.reaper.settle(ep.addresses()); err != nil {
		return nil, err
	}
	if l.index, err = n.connect(l, a, ep); err != nil {
		return nil, err
	}
	if err := configure(inner, ep); err != nil {
		return nil, err
	}
	if err := n.ready(l, ep); err != nil {
		return nil, err
	}
	return ep, n.interfaceSettings(a, ep)
}

// CheckAttachment finds what no network could give. Errors: InvalidArgument.
func CheckAttachment(a Attachment) error {
	for name := range a.Sysctls {
		if _, err := interfaceSysctl(name, a.IfName); err != nil {
			return err
		}
	}
	if a.IfName != "" {
		if err := checkLinkName(a.IfName); err != nil {
			return err
		}
	}
	for _, ip := range a.LinkLocal {
		if !ip.IsLinkLocalUnicast() {
			return fmt.Errorf("invalid link local IP address: %s: it must be of 169.254.0.0/16 or fe80::/10: %w", ip, errdefs.ErrInvalidArgument)
		}
	}
	return nil
}

// reserve checks what is asked for, takes addresses and records the endpoint, so that nothing else has to be locked.
func (n *Networks) reserve(a Attachment) (live, *Endpoint, error) {
	if err := CheckAttachment(a); err != nil {
		return live{}, nil, err
	}
	n.state.Lock()
	defer n.state.Unlock()
	l, err := n.find(a.Network)
	if err != nil {
		return live{}, nil, err
	}
	ep := &Endpoint{ID: newID(), NetworkID: l.ID, NetworkName: l.Name, Container: a.Container, DNSNames: a.dnsNames()}
	if l.Driver == DriverBridge {
		if l.broken != nil {
			return live{}, nil, fmt.Errorf("network %s cannot be used: %w", l.Name, l.broken)
		}
		if ep.IfName = a.IfName; ep.IfName == "" {
			ep.IfName = n.freeIfName(a.Container)
		}
		ep.HostIf = linkPrefix + ep.ID[:15-len(linkPrefix)]
		if err := l.address(ep, a); err != nil {
			return live{}, nil, err
		}
		ep.LinkLocal = linkLocal(a.LinkLocal)
		if ep.MAC = a.MAC; ep.MAC == nil {
			ep.MAC = hardwareAddress(ep.IPv4.Addr(), ep.ID)
		}
	}
	n.endpoints[ep.ID] = ep
	kept := *ep // what the caller gets is the caller's
	return *l, &kept, nil
}

// GiveTo says whose endpoint it is that was attached ahead of need.
func (n *Networks) GiveTo(ep *Endpoint, container string) {
	n.state.Lock()
	defer n.state.Unlock()
	ep.Container = container
	if kept := n.endpoints[ep.ID]; kept != nil {
		kept.Container = container
	}
}

// freeIfName returns the first of eth0, eth1, ... that no endpoint of the container has; the state lock is held.
func (n *Networks) freeIfName(container string) string {
	var used []string
	for _, ep := range n.endpoints {
		if ep.Container == container {
			used = append(used, ep.IfName)
		}
	}
	for i := 0; ; i++ {
		if name := "eth" + strconv.Itoa(i); !slices.Contains(used, name) {
			return name
		}
	}
}

// address takes an address of each family that the network has.
func (l *live) address(ep *Endpoint, a Attachment) error {
	if err := l.addressIn(a.IPv4, true, &ep.IPv4, &ep.Gateway4); err != nil {
		return err
	}
	if err := l.addressIn(a.IPv6, false, &ep.IPv6, &ep.Gateway6); err != nil {
		l.free(ep)
		return err
	}
	if !ep.IPv4.IsValid() && !ep.IPv6.IsValid() {
		return fmt.Errorf("network %s has no subnet: %w", l.Name, errdefs.ErrFailedPrecondition)
	}
	return nil
}

func (l *live) addressIn(want netip.Addr, is4 bool, got *netip.Prefix, gateway *netip.Addr) error {
	var full error
	for i, s := range l.Subnets {
		if s.Subnet.Addr().Is4() != is4 || want.IsValid() && !s.Subnet.Contains(want) {
			continue
		}
		addr, err := want, error(nil)
		if want.IsValid() {
			err = l.spaces[i].Take(want)
		} else {
			addr, err = l.spaces[i].Next()
		}
		if err != nil {
			full = fmt.Errorf("network %s: %w", l.Name, err)
			continue
		}
		*got = netip.PrefixFrom(addr, s.Subnet.Bits())
		if !l.Internal {
			*gateway = s.Gateway
		}
		return nil
	}
	if want.IsValid() && full == nil {
		return fmt.Errorf("network %s has no subnet with address %s: %w", l.Name, want, errdefs.ErrInvalidArgument)
	}
	return full
}

func (l *live) free(ep *Endpoint) {
	for _, a := range ep.addresses() {
		for _, s := range l.spaces {
			s.Free(a) // other spaces pass it over
		}
	}
}

// enter opens a netlink socket in the container's namespace. There, IPv6 is switched off for the interface to come if the network has
// none: it would only make noise, and a way around the network's rules.
func (n *Networks) enter(a Attachment, ep *Endpoint) (inner *rtnl.Socket, err error) {
	if a.NetNS == nil {
		return nil, fmt.Errorf("no network namespace given: %w", errdefs.ErrInvalidArgument)
	}
	err = rtnl.Inside(a.NetNS, n.home, func() error {
		if inner, err = rtnl.Open(); err != nil {
			return err
		}
		switch {
		case ep.HostIf == "":
			return nil
		case ep.IPv6.IsValid():
			return setSysctl6("0", "conf", "default", "disable_ipv6")
		}
		return setSysctl6("1", "conf", "default", "disable_ipv6")
	})
	if err != nil && inner != nil {
		return nil, errors.Join(err, inner.Close())
	}
	return inner, err
}

// connect makes the veth pair. If somebody has deleted the bridge, it is made again. The bridge's index is returned.
func (n *Networks) connect(l live, a Attachment, ep *Endpoint) (int, error) {
	err := n.makeVeth(l, a, ep)
	if err != nil && n.bridgeGone(l) {
		n.log.Warn("bridge is gone and made again", "network", l.Name, "bridge", l.Link)
		if l.index, err = n.remakeBridge(l.ID); err != nil {
			return 0, err
		}
		err = n.makeVeth(l, a, ep)
	}
	return l.index, err
}

// bridgeGone tells whether the network's bridge is no longer the one that it was.
func (n *Networks) bridgeGone(l live) bool {
	index, err := n.linkIndex(l.Link)
	return err == nil && index != l.index
}

func (n *Networks) makeVeth(l live, a Attachment, ep *Endpoint) error {
	outer := rtnl.End{Name: ep.HostIf, MAC: hardwareAddress(netip.Addr{}, ep.ID), Up: true}
	requests := []rtnl.Request{
		rtnl.Veth(outer, rtnl.End{Name: ep.IfName, MAC: ep.MAC}, a.NetNS, l.index, l.mtu()),
		// A bridge's port speaks for nobody. (The sysctl disable_ipv6 would say so too, but spins while others change links.)
		rtnl.NoAddress6(ep.HostIf),
	}
	if l.walled() {
		requests = append(requests, rtnl.Isolate(ep.HostIf))
	}
	return n.sockets.Do(requests...)
}

// remakeBridge makes the bridge of a network anew and remembers its index.
func (n *Networks) remakeBridge(id string) (int, error) {
	n.rules.Lock() // one at a time
	defer n.rules.Unlock()
	nw, err := n.Get(id)
	if err != nil {
		return 0, err
	}
	index, err := n.makeBridge(nw)
	if err != nil {
		return 0, err
	}
	n.state.Lock()
	defer n.state.Unlock()
	if l, ok := n.networks[id]; ok {
		l.index = index
	}
	return index, nil
}
