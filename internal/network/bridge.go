package network

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"tug/internal/ipam"
)

// attempts is how often a free subnet is looked for again after another daemon took the same one at the same moment.
const attempts = 8

// errTaken: somebody else routes the subnet as well.
var errTaken = errors.New("the host routes that subnet elsewhere")

// makeBridge makes the network's bridge, or puts the one that is there in order, and returns its index.
func (n *Networks) makeBridge(nw Network) (int, error) {
	link, err := n.host.LinkByName(nw.Link)
	var absent netlink.LinkNotFoundError
	switch {
	case errors.As(err, &absent):
		if err := n.refuseRouted(nw); err != nil {
			return 0, err
		}
		if link, err = n.addBridge(nw); err != nil {
			return 0, fmt.Errorf("make bridge %s: %w", nw.Link, err)
		}
	case err != nil:
		return 0, fmt.Errorf("look for bridge %s: %w", nw.Link, err)
	case link.Type() != "bridge":
		return 0, fmt.Errorf("interface %s exists and is no bridge but a %s: choose another name: %w", nw.Link, link.Type(), errdefs.ErrFailedPrecondition)
	}
	if err := bridgeSysctls(nw); err != nil {
		return 0, err
	}
	if err := n.giveAddresses(link, nw); err != nil {
		return 0, fmt.Errorf("bridge %s: %w", nw.Link, err)
	}
	if err := n.host.LinkSetUp(link); err != nil {
		return 0, fmt.Errorf("bring bridge %s up: %w", nw.Link, err)
	}
	return link.Attrs().Index, nil
}

func (n *Networks) addBridge(nw Network) (netlink.Link, error) {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = nw.Link, nw.mtu()
	attrs.HardwareAddr = bridgeMAC(nw)
	if err := n.host.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil {
		return nil, err
	}
	return n.host.LinkByName(nw.Link)
}

// bridgeMAC is fixed, so that the bridge does not take that of whichever port is lowest at the moment.
func bridgeMAC(nw Network) net.HardwareAddr {
	for _, s := range nw.Subnets {
		if s.Gateway.Is4() {
			return hardwareAddress(s.Gateway, nw.ID)
		}
	}
	return hardwareAddress(netip.Addr{}, nw.ID)
}

// bridgeSysctls sets what the bridge's own traffic needs: packets of this host's loopback may go to it (see nft for who may
// not come from it), and IPv6 is on only where the network has it, never learning routes from containers.
func bridgeSysctls(nw Network) error {
	if err := setSysctl("1", "ipv4", "conf", nw.Link, "route_localnet"); err != nil {
		return err
	}
	if err := setSysctl6("0", "conf", nw.Link, "accept_ra"); err != nil {
		return err
	}
	disable := "1"
	if nw.IPv6 {
		disable = "0"
		if err := forward6(); err != nil {
			return err
		}
	}
	return setSysctl6(disable, "conf", nw.Link, "disable_ipv6")
}

// giveAddresses gives the bridge the gateways' addresses and takes all others away but link-local ones.
func (n *Networks) giveAddresses(link netlink.Link, nw Network) error {
	present, err := whole("addresses", func() ([]netlink.Addr, error) { return n.host.AddrList(link, netlink.FAMILY_ALL) })
	if err != nil {
		return err
	}
	want := make(map[netip.Prefix]bool)
	for _, s := range nw.Subnets {
		want[netip.PrefixFrom(s.Gateway, s.Subnet.Bits())] = true
	}
	for _, a := range present {
		p := prefixOf(a.IPNet)
		if want[p] || a.Scope == unix.RT_SCOPE_LINK {
			delete(want, p)
			continue
		}
		if err := n.host.AddrDel(link, &a); err != nil {
			return fmt.Errorf("remove address %s: %w", p, err)
		}
	}
	for p := range want {
		a := &netlink.Addr{IPNet: &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}}
		if p.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD
		}
		if err := n.host.AddrAdd(link, a); err != nil {
			return fmt.Errorf("add address %s: %w", p, err)
		}
	}
	return nil
}

// refuseRouted fails when the host sends packets for one of the network's subnets elsewhere.
func (n *Networks) refuseRouted(nw Network) error {
	used, err := n.routed(nw.Link)
	if err != nil {
		return err
	}
	for _, s := range nw.Subnets {
		if i := slices.IndexFunc(used, s.Subnet.Overlaps); i >= 0 {
			return fmt.Errorf("subnet %s overlaps with %s: %w: %w", s.Subnet, used[i], errTaken, errdefs.ErrFailedPrecondition)
		}
	}
	return nil
}

// bringUpSomewhere brings the network up on its recorded subnet, or on a free one if it has none or has lost it. Another daemon
// may choose the same at the same moment: whoever sees the other's route afterwards gives way.
func (n *Networks) bringUpSomewhere(ctx context.Context, l *live) error {
	index, err := n.linkIndex(l.Link)
	if err != nil {
		return err
	}
	if index != 0 && len(l.Subnets) > 0 { // containers may be running on it: it stays as it is
		return n.bringUp(l)
	}
	for range attempts {
		if len(l.Subnets) == 0 {
			used, err := n.routed(l.Link)
			if err != nil {
				return err
			}
			subnet, err := ipam.NextSubnet(n.cfg.Pools, append(used, n.recordedSubnets()...), false)
			if err != nil {
				return err
			}
			l.Subnets = []Subnet{{Subnet: subnet, Gateway: subnet.Addr().Next()}}
		}
		err := n.bringUp(l)
		if err == nil {
			err = n.refuseRouted(l.Network)
		}
		if !errors.Is(err, errTaken) {
			return err
		}
		n.log.Info("looking for another subnet", "network", l.Name, "because", err)
		l.Subnets = nil
		if err := n.dropAddresses(l.Network); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(50 * time.Millisecond)):
		}
	}
	return fmt.Errorf("no subnet stayed free: %w", errdefs.ErrUnavailable)
}

// dropAddresses takes the addresses off the network's bridge, if it has one.
func (n *Networks) dropAddresses(nw Network) error {
	link, err := n.host.LinkByName(nw.Link)
	var absent netlink.LinkNotFoundError
	if errors.As(err, &absent) {
		return nil
	}
	if err != nil {
		return err
	}
	nw.Subnets = nil
	return n.giveAddresses(link, nw)
}

// recordedSubnets returns the subnets of all networks, which are theirs even while their bridges do not exist.
func (n *Networks) recordedSubnets() []netip.Prefix {
	n.state.Lock()
	defer n.state.Unlock()
	var list []netip.Prefix
	for _, l := range n.networks {
		for _, s := range l.Subnets {
			list = append(list, s.Subnet)
		}
	}
	return list
}

// routed returns what the host has routes to, but for those through the link except, and its name servers, which a route of
// ours would hide.
func (n *Networks) routed(except string) ([]netip.Prefix, error) {
	everyTable := &netlink.Route{Table: unix.RT_TABLE_UNSPEC} // VPNs like to have one of their own
	routes, err := whole("the host's routes", func() ([]netlink.Route, error) {
		return n.host.RouteListFiltered(netlink.FAMILY_ALL, everyTable, netlink.RT_FILTER_TABLE)
	})
	if err != nil {
		return nil, err
	}
	own := -1
	if link, err := n.host.LinkByName(except); err == nil {
		own = link.Attrs().Index
	}
	used := nameservers()
	for _, r := range routes {
		if p := prefixOf(r.Dst); p.IsValid() && p.Bits() > 0 && r.LinkIndex != own {
			used = append(used, p.Masked())
		}
	}
	return used, nil
}

// nameservers returns the addresses in /etc/resolv.conf. What cannot be read names none.
func nameservers() []netip.Prefix {
	content, _ := os.ReadFile("/etc/resolv.conf")
	var list []netip.Prefix
	for line := range strings.Lines(string(content)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "nameserver" {
			if a, err := netip.ParseAddr(f[1]); err == nil {
				a = a.WithZone("").Unmap()
				list = append(list, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	return list
}

func prefixOf(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	a, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return netip.Prefix{}
	}
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(a.Unmap(), ones)
}
