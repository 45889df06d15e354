package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Of the kernel's socket diagnostics (linux/inet_diag.h, linux/sock_diag.h).
const (
	sockDiagByFamily  = 20
	inetDiagRequest   = 56      // bytes of struct inet_diag_req_v2
	inetDiagMessage   = 72      // bytes of struct inet_diag_msg
	stateListen       = 1 << 10 // TCP_LISTEN
	stateUnconnected  = 1 << 7  // TCP_CLOSE, which is what a UDP socket that only waits is in
	stateConnected    = 1 << 1  // TCP_ESTABLISHED
	stateBoundOnly    = 1 << 13 // TCP_BOUND_INACTIVE, from Linux 6.8 on
	offsetSourcePort  = 4       // in inet_diag_msg
	offsetSource      = 8
	offsetSocketInode = 68
)

// explainBind says in words why a port could not be held.
func (n *Networks) explainBind(proto string, ip netip.Addr, port uint16, err error) error {
	where := fmt.Sprintf("bind for %s/%s failed", netip.AddrPortFrom(ip, port), proto)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		who := "another program"
		if name, pid, ok := portHolder(proto, ip, port); ok {
			who = fmt.Sprintf("%s (pid %d)", name, pid)
		}
		return fmt.Errorf("%s: %w: the port is held by %s; choose another host port or stop it: %w", where, err, who, errdefs.ErrFailedPrecondition)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("%s: %w: this host has no address %s: %w", where, err, ip, errdefs.ErrInvalidArgument)
	}
	return fmt.Errorf("%s: %w", where, err)
}

// portHolder finds the process whose socket keeps a port from being bound.
func portHolder(proto string, ip netip.Addr, port uint16) (name string, pid int, ok bool) {
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		inodes, err := boundSockets(proto, family, ip, port)
		if err != nil {
			continue
		}
		for _, inode := range inodes {
			if name, pid, ok := socketOwner(inode); ok {
				return name, pid, true
			}
		}
	}
	return "", 0, false
}

// boundSockets asks the kernel for the sockets that are bound to a port, on the address or on all.
func boundSockets(proto string, family uint8, ip netip.Addr, port uint16) ([]uint32, error) {
	protocol, states := uint8(unix.IPPROTO_TCP), uint32(stateListen|stateBoundOnly)
	switch proto {
	case "udp":
		protocol, states = unix.IPPROTO_UDP, stateUnconnected|stateConnected
	case "sctp":
		protocol = unix.IPPROTO_SCTP
	}
	body := make([]byte, inetDiagRequest)
	body[0], body[1] = family, protocol
	binary.NativeEndian.PutUint32(body[4:], states)
	request := nl.NewNetlinkRequest(sockDiagByFamily, unix.NLM_F_DUMP)
	request.AddRawData(body)
	answers, err := request.Execute(unix.NETLINK_INET_DIAG, 0)
	if err != nil {
		return nil, err
	}
	var inodes []uint32
	for _, m := range answers {
		if len(m) < inetDiagMessage || binary.BigEndian.Uint16(m[offsetSourcePort:]) != port {
			continue
		}
		size := 4
		if family == unix.AF_INET6 {
			size = 16
		}
		bound, _ := netip.AddrFromSlice(m[offsetSource : offsetSource+size])
		if bound.IsUnspecified() || ip.IsUnspecified() || bound.Unmap() == ip {
			inodes = append(inodes, binary.NativeEndian.Uint32(m[offsetSocketInode:]))
		}
	}
	return inodes, nil
}

// socketOwner finds a process that has the socket open. It looks at every descriptor on the host: for error messages only.
func socketOwner(inode uint32) (name string, pid int, ok bool) {
	want := "socket:[" + strconv.FormatUint(uint64(inode), 10) + "]"
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return "", 0, false
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		folder := filepath.Join("/proc", p.Name(), "fd")
		descriptors, err := os.ReadDir(folder)
		if err != nil {
			continue // ended meanwhile
		}
		for _, d := range descriptors {
			if to, err := os.Readlink(filepath.Join(folder, d.Name())); err == nil && to == want {
				comm, _ := os.ReadFile(filepath.Join("/proc", p.Name(), "comm"))
				return strings.TrimSpace(string(comm)), pid, true
			}
		}
	}
	return "", 0, false
}
