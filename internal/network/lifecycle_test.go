package network

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/vishvananda/netlink"
	"gotest.tools/v3/assert"

	"tug/internal/ipam"
)

// hostLinks returns the names of this host's ends of veth pairs.
func hostLinks(t *testing.T) []string {
	t.Helper()
	links, err := whole("interfaces", netlink.LinkList)
	assert.NilError(t, err)
	var names []string
	for _, l := range links {
		if strings.HasPrefix(l.Attrs().Name, linkPrefix) {
			names = append(names, l.Attrs().Name)
		}
	}
	return names
}

// The daemon is killed while one container runs, one has just ended, and a third is half made.
func TestDaemonIsKilledAndComesBack(t *testing.T) {
	w := newWorld(t)
	c, ep := w.container(NameBridge, "one")
	c.serve(t, ":80", "one")
	published := w.publish(ep, "8080:80", "5353:53/udp")
	_, gone := w.container(NameBridge, "two")
	w.publish(gone, "8081:80")
	before := *ep

	assert.NilError(t, w.n.release())
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one") // nobody is there, and it works
	w.open()
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one") // not yet adopted, and it works
	w.n.Adopt([]*Endpoint{&before}, map[string][]PortBinding{before.ID: published.Ports})
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
	w.outside.fails(t, "tcp", hostAddress+":8081")
	assert.Equal(t, len(hostLinks(t)), 2)
	assert.NilError(t, w.n.Sweep())
	assert.DeepEqual(t, hostLinks(t), []string{before.HostIf})
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")

	_, next := w.container(NameBridge, "three")
	assert.Assert(t, next.IPv4 != before.IPv4)
	_, err := w.n.Publish(context.Background(), next, bindings(t, "8080:80"))
	assert.ErrorContains(t, err, "already allocated to container one")
	w.n.Detach(&before)
	w.outside.fails(t, "tcp", hostAddress+":8080")
}

func TestRestartKeepsTheSubnet(t *testing.T) {
	w := newWorld(t)
	nw, err := w.n.Create(context.Background(), Network{Name: "blue"})
	assert.NilError(t, err)
	assert.NilError(t, w.n.RemoveAll()) // the host restarts
	w.restart()
	again, err := w.n.Get("blue")
	assert.NilError(t, err)
	assert.DeepEqual(t, again, nw, comparePrefixes, compareAddrs)
	c, ep := w.container("blue", "one")
	c.serve(t, ":80", "one")
	here(t).reaches(t, "tcp", ep.IPv4.Addr().String()+":80", "one")
}

// What the host routes by the time it restarts is left alone, unless containers may be running there.
func TestDefaultBridgeGivesWayToANewRoute(t *testing.T) {
	w := newWorld(t)
	assert.NilError(t, w.n.RemoveAll())
	assert.NilError(t, w.n.release())
	route(t, "172.17.5.0/24", outsideAddress)
	w.open()
	_, ep := w.container(NameBridge, "one")
	assert.Equal(t, ep.IPv4.String(), "172.18.0.2/16")
	route(t, "172.18.5.0/24", outsideAddress)
	w.restart()
	_, ep = w.container(NameBridge, "two")
	assert.Equal(t, ep.IPv4.Masked().String(), "172.18.0.0/16")
}

func TestTwoDaemonsShareAHost(t *testing.T) {
	w := newWorld(t)
	records := &memoryRecords{}
	other, err := Open(context.Background(), Config{StateDir: t.TempDir(), Bridge: "tug1", Table: "tug-tug1"}, records)
	assert.NilError(t, err)
	defer func() {
		assert.NilError(t, other.RemoveAll())
		assert.NilError(t, other.Close(context.Background()))
	}()
	c, ep := w.container(NameBridge, "one")
	c.serve(t, ":80", "one")
	place := newPlace(t)
	theirs, err := other.Attach(context.Background(), Attachment{Network: NameBridge, NetNS: place.ns, Container: id("two")})
	assert.NilError(t, err)
	assert.Equal(t, theirs.IPv4.String(), "172.18.0.2/16")
	place.serve(t, ":80", "two")
	w.publish(ep, "8080:80")
	p, err := other.Publish(context.Background(), theirs, bindings(t, "8081:80"))
	assert.NilError(t, err)
	defer p.close()

	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
	w.outside.reaches(t, "tcp", hostAddress+":8081", "two")
	c.fails(t, "tcp", "172.18.0.2:80")
	place.fails(t, "tcp", "172.17.0.2:80")
	_, err = other.Publish(context.Background(), theirs, bindings(t, "8080:80"))
	assert.Assert(t, errdefs.IsFailedPrecondition(err), "%v", err)
	assert.NilError(t, other.Sweep())
	assert.NilError(t, w.n.Sweep())
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
	w.outside.reaches(t, "tcp", hostAddress+":8081", "two")
}

// Two daemons that start at the same moment must not end up on one subnet.
func TestDaemonsThatStartTogetherGetSubnetsOfTheirOwn(t *testing.T) {
	var wg sync.WaitGroup
	all := make([]*Networks, 4)
	errs := make([]error, len(all))
	for i := range all {
		dir := t.TempDir()
		wg.Go(func() {
			all[i], errs[i] = Open(context.Background(), Config{StateDir: dir, Bridge: fmt.Sprint("race", i), Table: fmt.Sprint("race", i)}, &memoryRecords{})
		})
	}
	wg.Wait()
	seen := map[netip.Prefix]bool{}
	for i, n := range all {
		assert.NilError(t, errs[i])
		nw, err := n.Get(NameBridge)
		assert.NilError(t, err)
		assert.Assert(t, !seen[nw.Subnets[0].Subnet], "%s twice", nw.Subnets[0].Subnet)
		seen[nw.Subnets[0].Subnet] = true
		assert.NilError(t, n.RemoveAll())
		assert.NilError(t, n.Close(context.Background()))
	}
	assert.NilError(t, setSysctl("0", "ipv4", "ip_forward"))
}

func TestManyContainersLeaveNothing(t *testing.T) {
	w := newWorld(t)
	const workers, rounds = 5, 100
	descriptors := openDescriptors(t)
	var wg sync.WaitGroup
	errs := make([]error, workers)
	outliving := make([][]*place, workers)
	for i := range workers {
		wg.Go(func() { outliving[i], errs[i] = w.churn(i, rounds) })
	}
	wg.Wait()
	for _, err := range errs {
		assert.NilError(t, err)
	}
	eventually(t, func() bool { return len(hostLinks(t)) == 0 })
	for _, p := range slices.Concat(outliving...) {
		p.close()
	}
	assert.Equal(t, len(w.n.ports.held), 0)
	assert.Equal(t, len(w.n.endpoints), 0)
	assert.Assert(t, openDescriptors(t) <= descriptors+2*workers, "descriptors: %d before, %d now", descriptors, openDescriptors(t))
	nw, err := w.n.Get(NameBridge)
	assert.NilError(t, err)
	assert.Equal(t, len(w.n.Endpoints(nw.ID)), 0)
}

// churn attaches containers and detaches them; every other one outlives its endpoint, and is returned.
func (w *world) churn(worker, rounds int) (outliving []*place, _ error) {
	ctx := context.Background()
	for i := range rounds {
		p, err := makePlace()
		if err != nil {
			return outliving, err
		}
		ep, err := w.n.Attach(ctx, Attachment{Network: NameBridge, NetNS: p.ns, Container: id(fmt.Sprint("w", worker, "r", i))})
		if err != nil {
			return outliving, err
		}
		published, err := w.n.Publish(ctx, ep, []PortBinding{{ContainerPort: 80}, {ContainerPort: 53, Proto: "udp"}})
		if err != nil {
			return outliving, err
		}
		if i%2 == 0 {
			p.close()
		}
		w.n.Detach(ep)
		w.n.Detach(ep)
		published.close()
		if i%2 != 0 {
			outliving = append(outliving, p)
		}
	}
	return outliving, nil
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	assert.NilError(t, err)
	return len(list)
}

// A container with an address of its own starts again at once, while its old namespace still answers for the address.
func TestAddressIsTakenOverAtOnce(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	_, err := w.n.Create(ctx, Network{Name: "blue", Subnets: []Subnet{{Subnet: netip.MustParsePrefix("172.30.0.0/24")}}})
	assert.NilError(t, err)
	want := mustAddr("172.30.0.77")
	for i := range 3 {
		p := newPlace(t)
		ep, err := w.n.Attach(ctx, Attachment{Network: "blue", NetNS: p.ns, Container: id("one"), IPv4: want})
		assert.NilError(t, err)
		assert.Equal(t, ep.IPv4.Addr(), want)
		word := fmt.Sprint("start", i)
		p.serve(t, ":80", word)
		here(t).reaches(t, "tcp", "172.30.0.77:80", word)
		_, err = w.n.Attach(ctx, Attachment{Network: "blue", NetNS: newPlace(t).ns, Container: id("two"), IPv4: want})
		assert.Assert(t, errdefs.IsAlreadyExists(err), "%v", err)
		w.n.Detach(ep)
	}
}

func TestNamespaceOfAnotherUser(t *testing.T) {
	w := newWorld(t)
	c := exec.Command("sleep", "60")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 3_000_000, Size: 65536}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 3_000_000, Size: 65536}},
		Pdeathsig:   syscall.SIGKILL,
	}
	assert.NilError(t, c.Start())
	defer func() {
		assert.NilError(t, c.Process.Kill())
		_ = c.Wait()
	}()
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", c.Process.Pid))
	assert.NilError(t, err)
	p := &place{ns, here(t).home}
	ep, err := w.n.Attach(context.Background(), Attachment{Network: NameBridge, NetNS: ns, Container: id("one")})
	assert.NilError(t, err)
	p.serve(t, ":80", "one")
	w.publish(ep, "8080:80")
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
	assert.NilError(t, ns.Close())
}

func TestBridgeThatWasDeletedIsMadeAgain(t *testing.T) {
	w := newWorld(t)
	link, err := netlink.LinkByName("tug0")
	assert.NilError(t, err)
	assert.NilError(t, netlink.LinkDel(link))
	c, ep := w.container(NameBridge, "one")
	c.serve(t, ":80", "one")
	w.publish(ep, "8080:80")
	w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
}

func TestForeignInterfaceIsNotTakenOver(t *testing.T) {
	assert.NilError(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "tug9"}, PeerName: "tug9-peer"}))
	defer func() {
		l, err := netlink.LinkByName("tug9")
		assert.NilError(t, err)
		assert.NilError(t, netlink.LinkDel(l))
		assert.NilError(t, setSysctl("0", "ipv4", "ip_forward"))
	}()
	_, err := Open(context.Background(), Config{StateDir: t.TempDir(), Bridge: "tug9"}, &memoryRecords{})
	assert.Assert(t, errdefs.IsFailedPrecondition(err), "%v", err)
	assert.ErrorContains(t, err, "tug9 exists and is no bridge")
}

func TestBridgeAddressFromTheConfiguration(t *testing.T) {
	ctx := context.Background()
	dir, records := t.TempDir(), &memoryRecords{}
	for _, c := range []struct{ ip, subnet string }{{"10.9.0.1/24", "10.9.0.0/24"}, {"10.10.0.9/16", "10.10.0.0/16"}, {"", "10.10.0.0/16"}} {
		n, err := Open(ctx, Config{StateDir: dir, BridgeIP: c.ip, Pools: ipam.DefaultPools()}, records)
		assert.NilError(t, err)
		nw, err := n.Get(NameBridge)
		assert.NilError(t, err)
		assert.Equal(t, nw.Subnets[0].Subnet.String(), c.subnet)
		p := newPlace(t)
		_, err = n.Attach(ctx, Attachment{Network: NameBridge, NetNS: p.ns, Container: id("one")})
		assert.NilError(t, err)
		assert.NilError(t, n.Close(ctx))
	}
	n, err := Open(ctx, Config{StateDir: dir}, records)
	assert.NilError(t, err)
	assert.NilError(t, n.RemoveAll())
	assert.NilError(t, n.Close(ctx))
	for _, bad := range []string{"10.9.0.0/24", "10.9.0.1", "x", "fd00::1/64"} {
		_, err := Open(ctx, Config{StateDir: dir, BridgeIP: bad}, records)
		assert.Assert(t, errdefs.IsInvalidArgument(err), "%s: %v", bad, err)
	}
	assert.NilError(t, setSysctl("0", "ipv4", "ip_forward"))
}

// An address that the host has a route for is refused rather than taken over.
func TestBridgeAddressThatIsTaken(t *testing.T) {
	w := newWorld(t)
	other, err := Open(context.Background(), Config{StateDir: t.TempDir(), Bridge: "tug1", Table: "tug-tug1", BridgeIP: "192.0.2.129/25"}, &memoryRecords{})
	assert.Assert(t, errdefs.IsFailedPrecondition(err), "%v", err)
	assert.Assert(t, other == nil)
	_, ep := w.container(NameBridge, "one")
	assert.Assert(t, ep.IPv4.IsValid())
}
