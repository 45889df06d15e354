package network

import (
	"tug/internal/nft"
)

// Detach ends a container's place on a network. On return its address is free and its ports are published no more; the veth pair is
// deleted in the background, unless the kernel does so with the container's namespace. Detaching twice is fine.
func (n *Networks) Detach(ep *Endpoint) {
	if ep == nil {
		return
	}
	rules := n.portRules(ep)
	if err := n.table.DeletePorts(rules); err != nil {
		n.log.Error("published ports stay in the packet rules", "container", ep.Container, "error", err)
	}
	n.forget(ep) // only now: whoever gets the address next must not get the ports with it
	n.reaper.forgetFlows(rules)
	n.reaper.add(ep)
}

// portRules returns the packet rules of an endpoint's published ports.
func (n *Networks) portRules(ep *Endpoint) []nft.Port {
	n.state.Lock()
	defer n.state.Unlock()
	return n.ports.rulesOf(ep.ID)
}

// forget frees what an endpoint holds: addresses, ports and its name.
func (n *Networks) forget(ep *Endpoint) {
	n.state.Lock()
	defer n.state.Unlock()
	held, ok := n.endpoints[ep.ID]
	if !ok {
		return
	}
	delete(n.endpoints, ep.ID)
	n.ports.releaseAll(ep.ID)
	if l, ok := n.networks[held.NetworkID]; ok {
		l.free(held)
	}
}
