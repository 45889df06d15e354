package network

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
	"gotest.tools/v3/assert"
)

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
