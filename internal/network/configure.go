package network

import (
	"errors"
	"fmt"
	"net/netip"

	"tug/internal/network/rtnl"
)

// configure gives the inner end its addresses and routes and brings it and lo up, all in one datagram.
func configure(inner *rtnl.Socket, ep *Endpoint) error {
	index, err := inner.Index(ep.IfName)
	if err != nil {
		return fmt.Errorf("find %s in the container: %w", ep.IfName, err)
	}
	if ep.IPv6.IsValid() { // which gets no routes while the interface is not ready
		if err := errors.Join(inner.Do(rtnl.Up(index)), inner.Ready(index)); err != nil {
			return err
		}
	}
	requests := []rtnl.Request{rtnl.Up(rtnl.LoopbackIndex), rtnl.Up(index)}
	for _, p := range append([]netip.Prefix{ep.IPv4, ep.IPv6}, ep.LinkLocal...) {
		if p.IsValid() {
			requests = append(requests, rtnl.Address(index, p))
		}
	}
	for _, gateway := range []netip.Addr{ep.Gateway4, ep.Gateway6} {
		if gateway.IsValid() {
			requests = append(requests, rtnl.DefaultRoute(index, gateway).OrThere()) // from another network of the container
		}
	}
	return inner.Do(requests...)
}

// ready waits until this host's end and the bridge, if it is the first there, carry packets.
func (n *Networks) ready(l live, ep *Endpoint) error {
	return n.sockets.With(func(s *rtnl.Socket) error {
		index, err := s.Index(ep.HostIf)
		if err != nil {
			return fmt.Errorf("find %s: %w", ep.HostIf, err)
		}
		return s.Ready(index, l.index)
	})
}

// interfaceSettings writes the sysctls of the new interface, from inside its namespace.
func (n *Networks) interfaceSettings(a Attachment, ep *Endpoint) error {
	settings := make(map[string][]string) // by name as given: path
	for name := range a.Sysctls {
		path, err := interfaceSysctl(name, ep.IfName)
		if err != nil {
			return err
		}
		settings[name] = path
	}
	if len(settings) == 0 && !ep.IPv6.IsValid() {
		return nil
	}
	return rtnl.Inside(a.NetNS, n.home, func() error {
		if ep.IPv6.IsValid() { // its routes are known; what a neighbour on the bridge advertises is not wanted
			if err := setSysctl6("0", "conf", ep.IfName, "accept_ra"); err != nil {
				return err
			}
		}
		for name, path := range settings {
			if err := setSysctl(a.Sysctls[name], path...); err != nil {
				return err
			}
		}
		return nil
	})
}
