package network

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// bindPort binds a socket to a port of this host, so that nobody else can have it, and lets it do nothing else: a TCP socket
// does not listen, and a UDP socket drops whatever arrives. A nil file: the kernel has no sockets of that protocol.
func bindPort(proto string, ip netip.Addr, port uint16) (*os.File, error) {
	fd, err := portSocket(proto, ip)
	if errors.Is(err, unix.EPROTONOSUPPORT) && proto == "sctp" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = bindSocket(fd, proto, ip, port)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), fmt.Sprintf("%s/%s", netip.AddrPortFrom(ip, port), proto)), nil
}

func portSocket(proto string, ip netip.Addr) (int, error) {
	family := unix.AF_INET
	if ip.Is6() {
		family = unix.AF_INET6
	}
	kind, protocol := unix.SOCK_STREAM, unix.IPPROTO_TCP
	switch proto {
	case "udp":
		kind, protocol = unix.SOCK_DGRAM, unix.IPPROTO_UDP
	case "sctp":
		protocol = unix.IPPROTO_SCTP
	}
	return unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
}

func bindSocket(fd int, proto string, ip netip.Addr, port uint16) error {
	if ip.Is6() {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return err
		}
	}
	if proto == "udp" {
		nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}
		if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]}); err != nil {
			return err
		}
	}
	err := unix.Bind(fd, socketAddress(ip, port))
	if errors.Is(err, unix.EADDRINUSE) && proto == "tcp" {
		return bindOverOldConnections(fd, ip, port)
	}
	return err
}

// bindOverOldConnections binds to a TCP port that only ended connections (TIME_WAIT) still use. SO_REUSEADDR allows that, but it
// also allows others who set it to bind as well, as long as nobody listens. So the socket listens for a moment, which fails if
// somebody else is bound, and then has the option off, which makes the others' listening fail.
func bindOverOldConnections(fd int, ip netip.Addr, port uint16) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err := unix.Bind(fd, socketAddress(ip, port)); err != nil {
		return err
	}
	if err := unix.Listen(fd, 0); err != nil {
		return err
	}
	if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil {
		return err
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
}

func socketAddress(ip netip.Addr, port uint16) unix.Sockaddr {
	if ip.Is4() {
		return &unix.SockaddrInet4{Addr: ip.As4(), Port: int(port)}
	}
	return &unix.SockaddrInet6{Addr: ip.As16(), Port: int(port)}
}
