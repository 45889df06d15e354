package network

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// Addresses of the world around the host that the tests play in.
const (
	hostAddress    = "192.0.2.2"
	outsideAddress = "192.0.2.1"
)

// world is a host (the test's own namespace) with a neighbour outside.
type world struct {
	t       *testing.T
	n       *Networks
	records *memoryRecords
	state   string
	outside *place
}

// newWorld makes the neighbour and opens the host's networks. All is gone when the test ends, which is checked.
func newWorld(t *testing.T) *world {
	t.Helper()
	t.Cleanup(func() { nothingLeft(t) })
	return newWorldWithLinks(t)
}

// newWorldWithLinks is newWorld for a test that has links of its own on the host.
func newWorldWithLinks(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, records: &memoryRecords{}, state: t.TempDir()}
	lo, err := netlink.LinkByName("lo")
	assert.NilError(t, err)
	assert.NilError(t, netlink.LinkSetUp(lo))
	w.outside = newPlace(t)
	w.cable()
	w.open()
	t.Cleanup(func() {
		assert.NilError(t, w.n.RemoveAll())
		assert.NilError(t, w.n.Close(context.Background()))
		ext, err := netlink.LinkByName("ext0")
		assert.NilError(t, err)
		assert.NilError(t, netlink.LinkDel(ext))
		assert.NilError(t, setSysctl("0", "ipv4", "ip_forward"))
	})
	return w
}

// open opens the networks as a daemon does that starts.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.n, err = Open(context.Background(), Config{StateDir: w.state}, w.records)
	assert.NilError(w.t, err)
}

// restart is a daemon that is killed and starts again. What it still had to do in the background is lost.
func (w *world) restart() {
	w.t.Helper()
	assert.NilError(w.t, w.n.release())
	w.open()
}

func nothingLeft(t *testing.T) {
	t.Helper()
	links, err := whole("interfaces", netlink.LinkList)
	assert.NilError(t, err)
	for _, l := range links {
		assert.Assert(t, l.Attrs().Name == "lo" || l.Attrs().Flags&net.FlagUp == 0, "%s is left", l.Attrs().Name)
	}
}

// cable connects the host with the neighbour, which knows a route to everything behind the host.
func (w *world) cable() {
	w.t.Helper()
	t := w.t
	assert.NilError(t, netlink.LinkAdd(&netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: "ext0"}, PeerName: "eth0", PeerNamespace: netlink.NsFd(int(w.outside.ns.Fd())),
	}))
	address(t, "ext0", hostAddress+"/24")
	route(t, "0.0.0.0/0", outsideAddress)
	w.outside.do(t, func() error {
		address(t, "eth0", outsideAddress+"/24")
		address(t, "lo", "127.0.0.1/8")
		route(t, "172.16.0.0/12", hostAddress)
		return nil
	})
}

func address(t *testing.T, link, addr string) {
	t.Helper()
	l, err := netlink.LinkByName(link)
	assert.NilError(t, err)
	a, err := netlink.ParseAddr(addr)
	assert.NilError(t, err)
	if err := netlink.AddrAdd(l, a); !errors.Is(err, unix.EEXIST) {
		assert.NilError(t, err)
	}
	assert.NilError(t, netlink.LinkSetUp(l))
}

func route(t *testing.T, to, via string) {
	t.Helper()
	_, dst, err := net.ParseCIDR(to)
	assert.NilError(t, err)
	assert.NilError(t, netlink.RouteAdd(&netlink.Route{Dst: dst, Gw: net.ParseIP(via)}))
}

// container is a place on the default bridge (or another network).
func (w *world) container(network, name string) (*place, *Endpoint) {
	w.t.Helper()
	p := newPlace(w.t)
	ep, err := w.n.Attach(context.Background(), Attachment{Network: network, NetNS: p.ns, Container: id(name)})
	assert.NilError(w.t, err)
	return p, ep
}

// publish publishes ports written as Docker's -p does, and keeps the sockets until the test ends.
func (w *world) publish(ep *Endpoint, specs ...string) Published {
	w.t.Helper()
	p, err := w.n.Publish(context.Background(), ep, bindings(w.t, specs...))
	assert.NilError(w.t, err)
	w.t.Cleanup(p.close)
	return p
}

// bindings reads [HOSTIP:]HOSTPORT:CONTAINERPORT[/PROTO].
func bindings(t *testing.T, specs ...string) []PortBinding {
	t.Helper()
	var list []PortBinding
	for _, spec := range specs {
		var b PortBinding
		spec, b.Proto, _ = strings.Cut(spec, "/")
		i := strings.LastIndex(spec, ":")
		b.ContainerPort = number(t, spec[i+1:])
		spec = spec[:i]
		if i := strings.LastIndex(spec, ":"); i >= 0 {
			b.HostIP = netip.MustParseAddr(strings.Trim(spec[:i], "[]"))
			spec = spec[i+1:]
		}
		b.HostPort = number(t, spec)
		list = append(list, b)
	}
	return list
}

func number(t *testing.T, s string) uint16 {
	t.Helper()
	v, err := strconv.ParseUint(s, 10, 16)
	assert.NilError(t, err)
	return uint16(v)
}

// id makes a container's ID that begins with its name.
func id(name string) string { return (name + strings.Repeat("0", 64))[:64] }

// memoryRecords keeps networks in memory.
type memoryRecords struct {
	state sync.Mutex
	list  map[string]Network
}

func (r *memoryRecords) Load() ([]Network, error) {
	r.state.Lock()
	defer r.state.Unlock()
	var list []Network
	for _, nw := range r.list {
		list = append(list, nw)
	}
	return list, nil
}

func (r *memoryRecords) Put(nw Network) error {
	r.state.Lock()
	defer r.state.Unlock()
	if r.list == nil {
		r.list = make(map[string]Network)
	}
	r.list[nw.ID] = nw
	return nil
}

func (r *memoryRecords) Delete(id string) error {
	r.state.Lock()
	defer r.state.Unlock()
	delete(r.list, id)
	return nil
}

func mustAddr(s string) netip.Addr { return netip.MustParseAddr(s) }

// eventually waits until something holds that happens in the background.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it did not happen")
}

// flushRuleset deletes all packet rules of the host, as the restart of a firewall service does.
func flushRuleset(t *testing.T) {
	t.Helper()
	conn, err := nftables.New()
	assert.NilError(t, err)
	conn.FlushRuleset()
	assert.NilError(t, conn.Flush())
}

// bridgedFramesPassRules switches on or off that frames between ports of a bridge pass the packet rules (br_netfilter), as it is
// on hosts with Kubernetes or Docker. It skips the test on a kernel that cannot.
func bridgedFramesPassRules(t *testing.T, value string) {
	t.Helper()
	const name = "bridge-nf-call-iptables"
	before, err := os.ReadFile("/proc/sys/net/bridge/" + name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("needs the kernel module br_netfilter")
	}
	assert.NilError(t, err)
	assert.NilError(t, setSysctl(value, "bridge", name))
	t.Cleanup(func() { assert.NilError(t, setSysctl(strings.TrimSpace(string(before)), "bridge", name)) })
}
