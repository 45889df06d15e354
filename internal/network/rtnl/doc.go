// Package rtnl speaks route netlink with as few system calls as the kernel allows: several requests travel in one
// datagram (Socket.Do), and a Socket opened inside a network namespace goes on working there from any thread.
//
// Requests are plain values made by the functions of this package (Veth, Bridge, Address, DefaultRoute, ...). The package
// keeps no state and decides nothing: which links there are is the business of package network.
package rtnl
