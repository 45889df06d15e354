package network

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

func TestNeighbourReachesPublishedPortsOnly(t *testing.T) {
	w := newWorld(t)
	c, ep := w.container(NameBridge, "one")
	c.serve(t, ":80", "one")
	c.serve(t, ":81", "one")
	c.serveUDP(t, ":53", "one")
	w.publish(ep, "8080:80", "127.0.0.1:8081:81", "127.0.0.1:5353:53/udp")

	// It has a route to the containers' subnet through this host (see cable), and is refused all the same.
	w.outside.fails(t, "tcp", "172.17.0.2:80")
	w.outside.fails(t, "tcp", "172.17.0.2:81")
	w.outside.fails(t, "udp", "172.17.0.2:53")
	w.outside.fails(t, "tcp", hostAddress+":8081")
	w.outside.fails(t, "udp", hostAddress+":5353")
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
}

// A port published on 127.0.0.1 must not be reachable by sending packets for 127.0.0.1 to this host over the wire, nor to the
// container's address, whatever the neighbour sets up on its side.
func TestPublishOnLoopbackStaysOnHost(t *testing.T) {
	w := newWorld(t)
	c, ep := w.container(NameBridge, "one")
	other, _ := w.container(NameBridge, "two")
	c.serve(t, ":80", "one")
	w.publish(ep, "127.0.0.1:8080:80")
	here(t).reaches(t, "tcp", "127.0.0.1:8080", "one")

	attack := func(who *place, link, via, source string) {
		who.do(t, func() error {
			assert.NilError(t, setSysctl("1", "ipv4", "conf", link, "route_localnet"))
			l, err := netlink.LinkByName(link)
			assert.NilError(t, err)
			lo, err := netlink.LinkByName("lo")
			assert.NilError(t, err)
			addrs, err := netlink.AddrList(lo, netlink.FAMILY_V4)
			assert.NilError(t, err)
			for _, a := range addrs {
				assert.NilError(t, netlink.AddrDel(lo, &a))
			}
			_, loopback, _ := net.ParseCIDR("127.0.0.0/8")
			return netlink.RouteAdd(&netlink.Route{Dst: loopback, Gw: net.ParseIP(via), LinkIndex: l.Attrs().Index, Src: net.ParseIP(source)})
		})
		who.fails(t, "tcp", "127.0.0.1:8080")
	}
	attack(w.outside, "eth0", hostAddress, outsideAddress)
	attack(other, "eth0", "172.17.0.1", "172.17.0.3")
}

// route_localnet on the bridge must not open what listens on the host's loopback (CVE-2020-8558), nor let a container pass for it.
func TestHostsLoopbackIsClosedToContainers(t *testing.T) {
	w := newWorld(t)
	c, _ := w.container(NameBridge, "one")
	// The kernel takes packets with a source address of its own for forged, unless it is told not to.
	assert.NilError(t, setSysctl("1", "ipv4", "conf", "tug0", "accept_local"))
	seen := make(chan string, 10)
	host := here(t)
	host.do(t, func() error {
		l, err := net.ListenPacket("udp4", "0.0.0.0:9001")
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			b := make([]byte, 100)
			for {
				_, from, err := l.ReadFrom(b)
				if err != nil {
					return
				}
				seen <- from.String()
			}
		}()
		return nil
	})
	c.do(t, func() error {
		link, err := netlink.LinkByName("eth0")
		assert.NilError(t, err)
		sendFrame(t, link, datagram("172.17.0.2:1001", "127.0.0.1:9001"))
		sendFrame(t, link, datagram("127.0.0.1:1002", "172.17.0.1:9001"))
		sendFrame(t, link, datagram("127.0.0.9:1003", "127.0.0.1:9001"))
		sendFrame(t, link, datagram("172.17.0.2:1004", "172.17.0.1:9001"))
		return nil
	})
	select {
	case from := <-seen:
		assert.Equal(t, from, "172.17.0.2:1004", "the honest packet, sent last, is the first that arrives")
	case <-time.After(patience):
		t.Fatal("the honest packet did not arrive")
	}
}

// datagram makes an IPv4 UDP packet.
func datagram(from, to string) []byte {
	source, target := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	b := make([]byte, 28)
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[12:], source.Addr().AsSlice())
	copy(b[16:], target.Addr().AsSlice())
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum))
	binary.BigEndian.PutUint16(b[20:], source.Port())
	binary.BigEndian.PutUint16(b[22:], target.Port())
	binary.BigEndian.PutUint16(b[24:], 8)
	return b
}

// sendFrame sends a packet to the gateway's hardware address, past this namespace's own routing.
func sendFrame(t *testing.T, link netlink.Link, packet []byte) {
	t.Helper()
	const ipv4 = 0x0008 // ETH_P_IP in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, ipv4)
	assert.NilError(t, err)
	defer unix.Close(fd)
	to := &unix.SockaddrLinklayer{Protocol: ipv4, Ifindex: link.Attrs().Index, Halen: 6}
	copy(to.Addr[:], hardwareAddress(mustAddr("172.17.0.1"), "0000"))
	assert.NilError(t, unix.Sendto(fd, packet, 0, to))
}

func TestNetworksAreIsolated(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, nw := range []Network{
		{Name: "blue"},
		{Name: "red"},
		{Name: "inner", Internal: true},
		{Name: "walled", Options: map[string]string{OptionICC: "false"}},
	} {
		_, err := w.n.Create(ctx, nw)
		assert.NilError(t, err)
	}
	blue, _ := w.container("blue", "b")
	red, redEp := w.container("red", "r")
	inner, innerEp := w.container("inner", "i")
	inner2, _ := w.container("inner", "j")
	walled, walledEp := w.container("walled", "v")
	walled2, _ := w.container("walled", "w")
	w.outside.serve(t, ":80", "outside")
	for _, p := range []*place{red, inner, walled} {
		p.serve(t, ":80", "container")
	}
	at := func(ep *Endpoint, port string) string { return ep.IPv4.Addr().String() + ":" + port }

	blue.fails(t, "tcp", at(redEp, "80"))
	w.publish(redEp, "8080:80")
	blue.fails(t, "tcp", at(redEp, "80"))
	blue.reaches(t, "tcp", hostAddress+":8080", "container") // what is published is for all

	inner2.reaches(t, "tcp", at(innerEp, "80"), "container")
	inner.fails(t, "tcp", outsideAddress+":80")
	inner.do(t, func() error { // even when it makes itself a route
		_, all, _ := net.ParseCIDR("0.0.0.0/0")
		return netlink.RouteAdd(&netlink.Route{Dst: all, Gw: innerEp.IPv4.Masked().Addr().Next().AsSlice()})
	})
	inner.fails(t, "tcp", outsideAddress+":80")
	inner.fails(t, "tcp", at(redEp, "80"))
	inner.fails(t, "tcp", hostAddress+":8080")
	blue.fails(t, "tcp", at(innerEp, "80"))
	w.outside.fails(t, "tcp", at(innerEp, "80"))
	published, err := w.n.Publish(ctx, innerEp, bindings(t, "8081:80"))
	assert.NilError(t, err)
	assert.Equal(t, len(published.Ports)+len(published.Sockets), 0, "an internal network publishes nothing")

	walled2.fails(t, "tcp", at(walledEp, "80"))
	walled2.reaches(t, "tcp", outsideAddress+":80", "outside")
	w.publish(walledEp, "8082:80")
	bridgedFramesPassRules(t, "0") // otherwise the frame goes from one walled port to the other, which the bridge refuses
	walled2.reaches(t, "tcp", hostAddress+":8082", "container")
}

// A host that did not forward between its own networks must not begin to because of us.
func TestHostDoesNotBecomeARouter(t *testing.T) {
	second := newPlace(t)
	assert.NilError(t, netlink.LinkAdd(&netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: "ext1"}, PeerName: "eth0", PeerNamespace: netlink.NsFd(int(second.ns.Fd())),
	}))
	t.Cleanup(func() {
		l, err := netlink.LinkByName("ext1")
		assert.NilError(t, err)
		assert.NilError(t, netlink.LinkDel(l))
	})
	w := newWorldWithLinks(t)
	address(t, "ext1", "198.51.100.2/24")
	second.do(t, func() error {
		address(t, "eth0", "198.51.100.1/24")
		route(t, "0.0.0.0/0", "198.51.100.2")
		return nil
	})
	second.serve(t, ":80", "second")
	w.outside.do(t, func() error {
		route(t, "198.51.100.0/24", hostAddress)
		return nil
	})
	for range 2 { // also after a restart of the daemon
		here(t).reaches(t, "tcp", "198.51.100.1:80", "second")
		w.outside.fails(t, "tcp", "198.51.100.1:80")
		c, _ := w.container(NameBridge, "one")
		c.reaches(t, "tcp", "198.51.100.1:80", "second")
		w.restart()
		w.n.Adopt(nil, nil)
	}
	content, err := os.ReadFile(filepath.Join(sysctlRoot, "ipv4", "ip_forward"))
	assert.NilError(t, err)
	assert.Equal(t, strings.TrimSpace(string(content)), "1")
}

func TestFlushedRulesComeBack(t *testing.T) {
	w := newWorld(t)
	c, ep := w.container(NameBridge, "one")
	c.serve(t, ":80", "one")
	w.publish(ep, "8080:80")
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")

	flushRuleset(t)
	eventually(t, func() bool {
		there, err := w.n.table.Exists()
		return err == nil && there
	})
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
	w.outside.fails(t, "tcp", "172.17.0.2:80")
}

// With a firewall that drops what is forwarded unless a rule of its own allows it, as Docker sets one up.
func TestBesideAFirewallThatDrops(t *testing.T) {
	w := newWorld(t)
	conn, err := nftables.New()
	assert.NilError(t, err)
	drop := nftables.ChainPolicyDrop
	filter := conn.AddTable(&nftables.Table{Name: "filter", Family: nftables.TableFamilyIPv4})
	conn.AddChain(&nftables.Chain{
		Name: "FORWARD", Table: filter, Type: nftables.ChainTypeFilter, Policy: &drop,
		Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter,
	})
	assert.NilError(t, conn.Flush())
	t.Cleanup(func() { flushRuleset(t) })
	w.restart()
	w.n.Adopt(nil, nil)
	w.outside.serve(t, ":80", "outside")
	c, ep := w.container(NameBridge, "one")
	c.serve(t, ":80", "one")
	w.publish(ep, "8080:80")
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
	w.outside.fails(t, "tcp", "172.17.0.2:80")
	c.reaches(t, "tcp", outsideAddress+":80", "outside")
}

func TestInterfaceSysctls(t *testing.T) {
	w := newWorld(t)
	p := newPlace(t)
	_, err := w.n.Attach(context.Background(), Attachment{
		Network: NameBridge, NetNS: p.ns, Container: id("one"), Sysctls: map[string]string{"net.ipv4.conf.IFNAME.log_martians": "1"},
	})
	assert.NilError(t, err)
	p.do(t, func() error {
		content, err := os.ReadFile("/proc/sys/net/ipv4/conf/eth0/log_martians")
		assert.Equal(t, string(content), "1\n")
		return err
	})
	for _, bad := range []string{"net.ipv4.ip_forward", "net.ipv4.conf.all.log_martians", "net.ipv4.conf.IFNAME./../../x", "kernel.conf.x.IFNAME.y", "net.core.conf.IFNAME.x"} {
		_, err := w.n.Attach(context.Background(), Attachment{Network: NameBridge, NetNS: p.ns, Container: id("one"), Sysctls: map[string]string{bad: "1"}})
		assert.Assert(t, errdefs.IsInvalidArgument(err), "%s: %v", bad, err)
	}
}
