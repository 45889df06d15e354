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
