package network

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"gotest.tools/v3/assert"
)

var (
	comparePrefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	compareAddrs    = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
)

func TestPredefinedNetworks(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	var names []string
	for _, nw := range w.n.List() {
		names = append(names, nw.Name+" "+nw.Driver+" "+nw.Scope)
		err := w.n.Remove(ctx, nw.ID)
		assert.Assert(t, errdefs.IsFailedPrecondition(err), "%v", err)
		_, err = w.n.Create(ctx, Network{Name: nw.Name})
		assert.Assert(t, errdefs.IsAlreadyExists(err), "%v", err)
	}
	assert.DeepEqual(t, names, []string{"bridge bridge local", "host host local", "none null local"})

	none := newPlace(t)
	ep, err := w.n.Attach(ctx, Attachment{Network: NameNone, NetNS: none.ns, Container: id("one")})
	assert.NilError(t, err)
	none.serve(t, "127.0.0.1:80", "none")
	none.reaches(t, "tcp", "127.0.0.1:80", "none")
	p, err := w.n.Publish(ctx, ep, bindings(t, "8080:80"))
	assert.NilError(t, err)
	assert.Equal(t, len(p.Ports), 0)
	w.n.Detach(ep)
	ep, err = w.n.Attach(ctx, Attachment{Network: NameHost, Container: id("one")})
	assert.NilError(t, err)
	w.n.Detach(ep)
}

func TestWithoutDefaultBridge(t *testing.T) {
	ctx, dir, records := context.Background(), t.TempDir(), &memoryRecords{}
	for _, bridge := range []string{NoBridge, "tug0", NoBridge, "tug0"} {
		n, err := Open(ctx, Config{StateDir: dir, Bridge: bridge}, records)
		assert.NilError(t, err)
		_, err = n.Get(NameBridge)
		assert.Equal(t, errdefs.IsNotFound(err), bridge == NoBridge, "%v", err)
		blue, err := n.Create(ctx, Network{Name: "blue"})
		assert.NilError(t, err)
		c, err := n.Attach(ctx, Attachment{Network: "blue", NetNS: newPlace(t).ns, Container: id("one")})
		assert.NilError(t, err)
		n.Detach(c)
		assert.NilError(t, n.Remove(ctx, blue.ID))
		assert.NilError(t, n.RemoveAll())
		assert.NilError(t, n.Close(ctx))
	}
	assert.NilError(t, setSysctl("0", "ipv4", "ip_forward"))
}

func TestCreateAndRemove(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	nw, err := w.n.Create(ctx, Network{Name: "blue", Labels: map[string]string{"a": "b"}})
	assert.NilError(t, err)
	assert.Equal(t, nw.Subnets[0].Subnet.String(), "172.18.0.0/16")
	assert.Equal(t, nw.Subnets[0].Gateway.String(), "172.18.0.1")
	for _, ref := range []string{"blue", nw.ID, nw.ID[:12]} {
		got, err := w.n.Get(ref)
		assert.NilError(t, err)
		assert.Equal(t, got.ID, nw.ID)
	}
	_, err = w.n.Create(ctx, Network{Name: "blue"})
	assert.Assert(t, errdefs.IsAlreadyExists(err), "%v", err)

	_, ep := w.container("blue", "one")
	err = w.n.Remove(ctx, "blue")
	assert.Assert(t, errdefs.IsFailedPrecondition(err), "%v", err)
	assert.ErrorContains(t, err, "has active endpoints (one")
	w.n.Detach(ep)
	assert.NilError(t, w.n.Remove(ctx, "blue"))
	_, err = netlink.LinkByName(nw.Link)
	assert.ErrorContains(t, err, "not found")
	_, err = w.n.Get("blue")
	assert.Assert(t, errdefs.IsNotFound(err), "%v", err)
	_, err = w.n.Attach(ctx, Attachment{Network: "blue", NetNS: newPlace(t).ns, Container: id("one")})
	assert.Assert(t, errdefs.IsNotFound(err), "%v", err)
	assert.Equal(t, len(w.records.list), 3)
}

func TestCreateRefuses(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	subnet := func(s, gateway, lot string) []Subnet {
		sub := Subnet{Subnet: netip.MustParsePrefix(s)}
		if gateway != "" {
			sub.Gateway = mustAddr(gateway)
		}
		if lot != "" {
			sub.Range = netip.MustParsePrefix(lot)
		}
		return []Subnet{sub}
	}
	for name, c := range map[string]struct {
		wish  Network
		class func(error) bool
	}{
		"no name":              {Network{}, errdefs.IsInvalidArgument},
		"a path for a name":    {Network{Name: "../x"}, errdefs.IsInvalidArgument},
		"an unknown driver":    {Network{Name: "x", Driver: "overlay"}, errdefs.IsInvalidArgument},
		"the default subnet":   {Network{Name: "x", Subnets: subnet("172.17.0.0/24", "", "")}, errdefs.IsFailedPrecondition},
		"the host's subnet":    {Network{Name: "x", Subnets: subnet("192.0.2.0/25", "", "")}, errdefs.IsFailedPrecondition},
		"an address as subnet": {Network{Name: "x", Subnets: subnet("10.0.0.1/24", "", "")}, errdefs.IsInvalidArgument},
		"a gateway elsewhere":  {Network{Name: "x", Subnets: subnet("10.0.0.0/24", "10.0.1.1", "")}, errdefs.IsInvalidArgument},
		"a range elsewhere":    {Network{Name: "x", Subnets: subnet("10.0.0.0/24", "10.0.0.1", "10.0.1.0/28")}, errdefs.IsInvalidArgument},
		"no room":              {Network{Name: "x", Subnets: subnet("10.0.0.0/31", "", "")}, errdefs.IsInvalidArgument},
		"a bad MTU":            {Network{Name: "x", Options: map[string]string{OptionMTU: "big"}}, errdefs.IsInvalidArgument},
		"a bad switch":         {Network{Name: "x", Options: map[string]string{OptionICC: "perhaps"}}, errdefs.IsInvalidArgument},
		"a bad link name":      {Network{Name: "x", Options: map[string]string{OptionBridgeName: `a"; drop`}}, errdefs.IsInvalidArgument},
		"somebody's link":      {Network{Name: "x", Options: map[string]string{OptionBridgeName: "ext0"}}, errdefs.IsFailedPrecondition},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.n.Create(ctx, c.wish)
			assert.Assert(t, c.class(err), "%v", err)
			assert.Equal(t, len(w.n.List()), 3)
			assert.Equal(t, len(w.records.list), 3)
		})
	}
}

func TestContainerOnSeveralNetworks(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.outside.serve(t, ":80", "outside")
	_, err := w.n.Create(ctx, Network{Name: "blue", Options: map[string]string{OptionMTU: "1400", OptionBridgeName: "blue0"}})
	assert.NilError(t, err)
	c, first := w.container(NameBridge, "one")
	second, err := w.n.Attach(ctx, Attachment{Network: "blue", NetNS: c.ns, Container: id("one"), Hostname: "h", Aliases: []string{"db"}})
	assert.NilError(t, err)
	assert.Equal(t, second.IfName, "eth1")
	assert.DeepEqual(t, second.DNSNames, []string{"h", "db"})
	c.do(t, func() error {
		l, err := netlink.LinkByName("eth1")
		assert.Equal(t, l.Attrs().MTU, 1400)
		return err
	})
	c.reaches(t, "tcp", outsideAddress+":80", "outside")
	c.serve(t, ":80", "one")
	other, _ := w.container("blue", "two")
	other.reaches(t, "tcp", second.IPv4.Addr().String()+":80", "one")
	w.n.Detach(first)
	other.reaches(t, "tcp", second.IPv4.Addr().String()+":80", "one")
}

func TestNetworkWithIPv6(t *testing.T) {
	if _, err := os.Stat("/proc/sys/net/ipv6"); err != nil {
		t.Skip("needs a kernel with IPv6")
	}
	w := newWorld(t)
	ctx := context.Background()
	t.Cleanup(func() { assert.NilError(t, setSysctl("0", "ipv6", "conf", "all", "forwarding")) })
	nw, err := w.n.Create(ctx, Network{Name: "six", IPv6: true})
	assert.NilError(t, err)
	assert.Equal(t, len(nw.Subnets), 2)
	assert.Assert(t, nw.Subnets[1].Subnet.Addr().IsPrivate())
	addHost6(t, w)

	c, ep := w.container("six", "one")
	other, _ := w.container("six", "two")
	plain, _ := w.container(NameBridge, "three")
	at := fmt.Sprintf("[%s]:80", ep.IPv6.Addr())
	c.serve(t, ":80", "one")
	w.outside.serve(t, ":80", "outside")
	here(t).reaches(t, "tcp", at, "one")
	other.reaches(t, "tcp", at, "one")
	w.outside.fails(t, "tcp", at)
	seen := c.reaches(t, "tcp", "[2001:db8::1]:80", "outside")
	assert.Equal(t, seen, "2001:db8::2")

	w.publish(ep, "8080:80", "[2001:db8::2]:8081:80")
	seen = w.outside.reaches(t, "tcp", "[2001:db8::2]:8080", "one")
	assert.Equal(t, seen, "2001:db8::1")
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
	w.outside.reaches(t, "tcp", "[2001:db8::2]:8081", "one")
	here(t).reaches(t, "tcp", "[2001:db8::2]:8080", "one")
	other.reaches(t, "tcp", "[2001:db8::2]:8080", "one")
	c.reaches(t, "tcp", "[2001:db8::2]:8080", "one")
	w.outside.fails(t, "tcp", at)

	plain.do(t, func() error { // no IPv6 where the network has none
		content, err := os.ReadFile("/proc/thread-self/net/if_inet6")
		for line := range strings.Lines(string(content)) {
			assert.Assert(t, strings.HasSuffix(strings.TrimSpace(line), " lo"), line)
		}
		return err
	})
}

// addHost6 gives the host and its neighbour IPv6 addresses.
func addHost6(t *testing.T, w *world) {
	t.Helper()
	add := func(link, addr string) {
		l, err := netlink.LinkByName(link)
		assert.NilError(t, err)
		a, err := netlink.ParseAddr(addr)
		assert.NilError(t, err)
		a.Flags = 0x02 // IFA_F_NODAD
		assert.NilError(t, netlink.AddrAdd(l, a))
	}
	add("ext0", "2001:db8::2/64")
	w.outside.do(t, func() error {
		add("eth0", "2001:db8::1/64")
		route(t, "fd00::/8", "2001:db8::2")
		return nil
	})
}
