package network

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/ipam"
	"tug/internal/nft"
)

// load reads the records, adds the predefined networks that are not recorded yet, and brings the bridges up.
func (n *Networks) load(ctx context.Context) error {
	recorded, err := n.records.Load()
	if err != nil {
		return fmt.Errorf("read the recorded networks: %w", err)
	}
	for _, nw := range recorded {
		n.networks[nw.ID] = &live{Network: nw}
	}
	predefined := []struct{ name, driver string }{{NameBridge, DriverBridge}, {NameHost, DriverHost}, {NameNone, DriverNone}}
	if n.cfg.Bridge == NoBridge {
		predefined = predefined[1:]
		if l, err := n.find(NameBridge); err == nil { // its record stays for another time
			delete(n.networks, l.ID)
		}
	}
	for _, p := range predefined {
		if _, err := n.find(p.name); err == nil {
			continue
		}
		nw := Network{ID: newID(), Name: p.name, Driver: p.driver, Scope: "local", Created: time.Now().UTC()}
		n.networks[nw.ID] = &live{Network: nw}
		if p.driver != DriverBridge { // that one is recorded when it has its subnet
			if err := n.records.Put(nw); err != nil {
				return fmt.Errorf("record network %s: %w", p.name, err)
			}
		}
	}
	if err := n.openDefaultBridge(ctx); err != nil {
		return err
	}
	for _, l := range n.networks {
		if l.Predefined() || l.Driver != DriverBridge {
			continue
		}
		if l.broken = n.bringUp(l); l.broken != nil {
			n.log.Error("network cannot be used", "network", l.Name, "error", l.broken)
		}
	}
	return nil
}

// openDefaultBridge brings the default bridge up where it was, if that is still free, or on the first free subnet.
func (n *Networks) openDefaultBridge(ctx context.Context) error {
	if n.cfg.Bridge == NoBridge {
		return nil
	}
	l, err := n.find(NameBridge)
	if err != nil {
		return err
	}
	before := l.clone()
	l.Link = n.cfg.Bridge
	if n.cfg.BridgeIP == "" {
		err = n.bringUpSomewhere(ctx, l)
	} else if l.Subnets, err = bridgeSubnet(n.cfg.BridgeIP); err == nil {
		err = n.bringUp(l)
	}
	if err != nil {
		return fmt.Errorf("default bridge: %w", err)
	}
	if before.Link == l.Link && len(before.Subnets) == 1 && before.Subnets[0].Subnet == l.Subnets[0].Subnet && before.Subnets[0].Gateway == l.Subnets[0].Gateway {
		return nil
	}
	if err := n.records.Put(l.clone()); err != nil {
		return fmt.Errorf("record network %s: %w", l.Name, err)
	}
	return nil
}

// bridgeSubnet reads the configured address of the default bridge.
func bridgeSubnet(ip string) ([]Subnet, error) {
	p, err := netip.ParsePrefix(ip)
	if err != nil || p.Addr() == p.Masked().Addr() || !p.Addr().Is4() {
		return nil, fmt.Errorf("address %q: give an IPv4 address with the length of its subnet, like 172.17.0.1/16: %w", ip, errdefs.ErrInvalidArgument)
	}
	return []Subnet{{Subnet: p.Masked(), Gateway: p.Addr()}}, nil
}

// bringUp makes the network's bridge as recorded and prepares its addresses. It adds no rules.
func (n *Networks) bringUp(l *live) error {
	if err := l.prepareSpaces(); err != nil {
		return err
	}
	index, err := n.makeBridge(l.Network)
	if err != nil {
		return err
	}
	l.index = index
	return nil
}

// prepareSpaces makes the network's address spaces, with the gateway and the reserved addresses taken.
func (l *live) prepareSpaces() error {
	l.spaces = nil
	for _, s := range l.Subnets {
		space, err := ipam.NewSpace(s.Subnet, s.Range)
		if err != nil {
			return err
		}
		if err := space.Take(s.Gateway); err != nil {
			return fmt.Errorf("gateway: %w", err)
		}
		for what, a := range s.Aux {
			if err := space.Take(a); err != nil {
				return fmt.Errorf("auxiliary address %s: %w", what, err)
			}
		}
		l.spaces = append(l.spaces, space)
	}
	return nil
}

// ruleset is what the packet rules should say now.
func (n *Networks) ruleset() nft.Ruleset {
	n.state.Lock()
	defer n.state.Unlock()
	r := nft.Ruleset{Closed: n.closed, Ports: n.ports.rules()}
	for _, l := range n.networks {
		if l.Driver == DriverBridge && l.broken == nil {
			r.Bridges = append(r.Bridges, l.rules())
		}
	}
	return r
}

// force makes the packet rules say what they should now.
func (n *Networks) force() error {
	if err := n.table.Set(n.ruleset()); err != nil {
		return err
	}
	n.pending.Store(false)
	n.letPass()
	return nil
}

// letPass keeps the host's iptables from dropping containers' packets by policy. That it cannot is no reason to do nothing.
func (n *Networks) letPass() {
	if err := n.table.LetPass(); err != nil {
		n.log.Warn("iptables may drop packets of containers", "error", err)
	}
}
