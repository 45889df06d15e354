// Package network is the domain of networks: which there are, which container is on which with what address, and which of its
// ports this host serves.
//
// Networks is the whole of it. A network of driver bridge is a bridge interface of this host, a subnet, and a few rules in the
// daemon's nftables table; a container on it has an Endpoint, a veth pair whose inner end is made directly in the container's
// network namespace. `host` and `none` exist by name only.
//
// What must survive the daemon is in the kernel (links, rules) or handed in again: the engine keeps Endpoints and PortBindings
// with its containers, gives them back with Adopt after a restart, and then lets Sweep remove what nobody owns.
//
// The package runs no external command and no process. Its mechanisms: rtnl (batched route netlink), ipam (address arithmetic),
// nft (rules).
package network
