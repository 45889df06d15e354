// Package network holds the commands on networks, one a file.
package network

import (
	"net"
	"net/netip"
)

// address is ip as the API takes it; the zero value if it is nil.
func address(ip net.IP) netip.Addr {
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}
