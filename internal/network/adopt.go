package network

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/network/rtnl"
)

// Adopt takes over the endpoints of containers that ran on while no daemon was there, and their published ports by the endpoint's
// ID (their sockets are still held by who got them from Publish). Then the packet rules say exactly what is published, in
// one step: no connection is refused meanwhile. It is to be called once after Open, also with nothing.
func (n *Networks) Adopt(eps []*Endpoint, ports map[string][]PortBinding) {
	n.rules.Lock()
	defer n.rules.Unlock()
	for _, ep := range eps {
		if err := n.adopt(ep, ports[ep.ID]); err != nil {
			n.log.Error("endpoint is adopted in part", "container", ep.Container, "network", ep.NetworkName, "error", err)
		}
	}
	if err := n.force(); err != nil {
		n.log.Error("packet rules are not in force", "error", err)
		return
	}
	for _, ep := range eps {
		if len(ports[ep.ID]) > 0 {
			if err := n.hairpin(ep); err != nil {
				n.log.Warn("container may not reach itself through its published ports", "container", ep.Container, "error", err)
			}
		}
	}
}

func (n *Networks) adopt(ep *Endpoint, ports []PortBinding) error {
	n.state.Lock()
	defer n.state.Unlock()
	l, ok := n.networks[ep.NetworkID]
	if !ok {
		return fmt.Errorf("network %s: %w", ep.NetworkID, errdefs.ErrNotFound)
	}
	kept := *ep
	n.endpoints[ep.ID] = &kept
	var errs []error
	for _, a := range ep.addresses() {
		i := slices.IndexFunc(l.Subnets, func(s Subnet) bool { return s.Subnet.Contains(a) })
		if i < 0 {
			errs = append(errs, fmt.Errorf("address %s is in no subnet of the network: %w", a, errdefs.ErrFailedPrecondition))
			continue
		}
		if err := l.spaces[i].Take(a); err != nil && !errdefs.IsAlreadyExists(err) {
			errs = append(errs, err)
		}
	}
	for _, b := range ports {
		b, ips, err := b.check()
		errs = append(errs, err)
		for _, ip := range ips {
			errs = append(errs, n.ports.claim(b.Proto, b.HostPort, newClaim(ep, ip, b.ContainerPort)))
		}
	}
	return errors.Join(errs...)
}

// current puts the packet rules in force that are pending because Adopt was not called.
func (n *Networks) current() error {
	if !n.pending.Load() {
		return nil
	}
	n.rules.Lock()
	defer n.rules.Unlock()
	return n.force()
}

// Sweep deletes what an earlier daemon left behind and nobody owns: veths on this daemon's bridges, and packet rules.
func (n *Networks) Sweep() error {
	if err := n.current(); err != nil {
		return err
	}
	links, err := n.veths() // before the endpoints are looked at: a link made later has an owner
	if err != nil {
		return err
	}
	n.state.Lock()
	owned := make(map[string]bool, len(n.endpoints))
	for _, ep := range n.endpoints {
		owned[ep.HostIf] = true
	}
	n.state.Unlock()
	links = slices.DeleteFunc(links, func(name string) bool { return owned[name] })
	if len(links) > 0 {
		n.log.Info("deleting interfaces that no container owns", "links", links)
	}
	return n.reaper.delete(links)
}

// veths returns the names of all veths on this daemon's bridges.
func (n *Networks) veths() ([]string, error) {
	n.state.Lock()
	bridges := make(map[int]bool)
	for _, l := range n.networks {
		bridges[l.index] = l.index != 0
	}
	n.state.Unlock()
	links, err := whole("interfaces", n.host.LinkList)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, link := range links {
		a := link.Attrs()
		if link.Type() == "veth" && strings.HasPrefix(a.Name, linkPrefix) && bridges[a.MasterIndex] {
			names = append(names, a.Name)
		}
	}
	return names, nil
}

// RemoveAll deletes all bridges with what is on them and the packet rules, for tests and for uninstalling. Records stay.
func (n *Networks) RemoveAll() error {
	n.rules.Lock()
	defer n.rules.Unlock()
	links, err := n.veths()
	errs := []error{err, n.reaper.delete(links)}
	n.state.Lock()
	var bridges []rtnl.Request
	for _, l := range n.networks {
		if l.index != 0 {
			bridges = append(bridges, rtnl.Delete(l.index))
			l.index = 0
		}
	}
	n.state.Unlock()
	for _, b := range bridges {
		if err := n.sockets.Do(b); !errors.Is(err, unix.ENODEV) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, n.table.Delete())...)
}
