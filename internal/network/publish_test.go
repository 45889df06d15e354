package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

func TestPublishedPortsAreListedForBothFamilies(t *testing.T) {
	w := newWorld(t)
	_, ep := w.container(NameBridge, "one")
	p := w.publish(ep, "8080:80")
	assert.Equal(t, fmt.Sprint(p.Ports), "[{tcp 80 0.0.0.0 8080 0} {tcp 80 :: 8080 0}]")
	assert.Equal(t, len(p.Sockets), 2)
	p = w.publish(ep, "127.0.0.1:8080:80/udp")
	assert.Equal(t, fmt.Sprint(p.Ports), "[{udp 80 127.0.0.1 8080 0}]")
}

// What the packet rules cannot translate, as the container has no IPv6 address, is for the sockets' holder to pass on.
func TestIPv6OfTheHostIsPassedOnToAContainerWithoutIt(t *testing.T) {
	w := newWorld(t)
	_, ep := w.container(NameBridge, "one")
	to := netip.AddrPortFrom(ep.IPv4.Addr(), 80).String()
	for _, c := range []struct{ spec, want string }{
		{"8080:80", "[invalid AddrPort " + to + "]"},
		{"[::1]:8081:80", "[" + to + "]"},
		{"127.0.0.1:8081:80", "[invalid AddrPort]"},
		{"8080:80/udp", "[invalid AddrPort invalid AddrPort]"},
	} {
		assert.Equal(t, fmt.Sprint(w.publish(ep, c.spec).Forwards), c.want, c.spec)
	}
	_, err := w.n.Publish(context.Background(), ep, bindings(t, "[::1]:8082:80/udp"))
	assert.Assert(t, errdefs.IsInvalidArgument(err), "%v", err)
}

func TestConflictNamesTheHolder(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	_, one := w.container(NameBridge, "aaaaaaaaaaaaone")
	_, two := w.container(NameBridge, "two")
	w.publish(one, "8080:80", "127.0.0.1:8081:80")

	for _, spec := range []string{"8080:80", "127.0.0.1:8080:80", "[::1]:8080:80", "8081:80", "127.0.0.1:8081:81"} {
		_, err := w.n.Publish(ctx, two, bindings(t, spec))
		assert.Assert(t, errdefs.IsFailedPrecondition(err), "%s: %v", spec, err)
		assert.ErrorContains(t, err, "port is already allocated to container aaaaaaaaaaaa")
	}
	w.publish(two, hostAddress+":8081:80", "8080:80/udp")

	l, err := net.Listen("tcp", "127.0.0.1:9000")
	assert.NilError(t, err)
	defer l.Close()
	u, err := net.ListenPacket("udp", "127.0.0.1:9001")
	assert.NilError(t, err)
	defer u.Close()
	comm, err := os.ReadFile("/proc/self/comm")
	assert.NilError(t, err)
	us := fmt.Sprintf("%s (pid %d)", strings.TrimSpace(string(comm)), os.Getpid())
	for _, spec := range []string{"9000:80", "127.0.0.1:9000:80", "9001:80/udp"} {
		_, err := w.n.Publish(ctx, two, bindings(t, spec))
		assert.Assert(t, errdefs.IsFailedPrecondition(err), "%s: %v", spec, err)
		assert.ErrorContains(t, err, "address already in use")
		assert.ErrorContains(t, err, us)
	}

	_, err = w.n.Publish(ctx, two, bindings(t, "203.0.113.9:80:80"))
	assert.Assert(t, errdefs.IsInvalidArgument(err), "%v", err)
	assert.ErrorContains(t, err, "this host has no address 203.0.113.9")
}

// All or nothing: the port that could be had is free again.
func TestFailedPublishHoldsNothing(t *testing.T) {
	w := newWorld(t)
	_, one := w.container(NameBridge, "one")
	_, two := w.container(NameBridge, "two")
	w.publish(one, "8080:80")
	_, err := w.n.Publish(context.Background(), two, bindings(t, "8081:80", "8082:80/udp", "8080:80"))
	assert.Assert(t, errdefs.IsFailedPrecondition(err), "%v", err)
	w.publish(one, "8081:80", "8082:80/udp")
}

func TestNobodyElseGetsAPublishedPort(t *testing.T) {
	w := newWorld(t)
	_, ep := w.container(NameBridge, "one")
	p := w.publish(ep, "8080:80", "8080:80/udp")
	for _, addr := range []string{"0.0.0.0:8080", "127.0.0.1:8080", "[::1]:8080", "[::]:8080"} {
		_, err := net.Listen("tcp", addr)
		assert.Assert(t, errors.Is(err, unix.EADDRINUSE), "%s: %v", addr, err)
		_, err = net.ListenPacket("udp", addr)
		assert.Assert(t, errors.Is(err, unix.EADDRINUSE), "%s: %v", addr, err)
	}
	w.n.Detach(ep)
	p.close()
	l, err := net.Listen("tcp", "0.0.0.0:8080")
	assert.NilError(t, err)
	assert.NilError(t, l.Close())
}

// Connections that a server on the port has just ended keep the port busy for others (TIME_WAIT), but not for us; and what we get
// so is held as well as otherwise.
func TestPublishOnPortWithOldConnections(t *testing.T) {
	w := newWorld(t)
	c, ep := w.container(NameBridge, "one")
	_, two := w.container(NameBridge, "two")
	c.serve(t, ":80", "one")
	l, err := net.Listen("tcp4", "127.0.0.1:8080")
	assert.NilError(t, err)
	client, err := net.Dial("tcp", "127.0.0.1:8080")
	assert.NilError(t, err)
	server, err := l.Accept()
	assert.NilError(t, err)
	assert.NilError(t, server.Close()) // who closes first is left with TIME_WAIT
	_, err = client.Read(make([]byte, 1))
	assert.Equal(t, err, io.EOF)
	assert.NilError(t, client.Close())
	assert.NilError(t, l.Close())

	w.publish(ep, "127.0.0.1:8080:80")
	_, err = net.Listen("tcp4", "127.0.0.1:8080")
	assert.Assert(t, errors.Is(err, unix.EADDRINUSE), "%v", err)
	fd, err := bindPort("tcp", mustAddr("127.0.0.1"), 8080)
	assert.Assert(t, errors.Is(err, unix.EADDRINUSE), "%v %v", fd, err)
	_, err = w.n.Publish(context.Background(), two, bindings(t, "127.0.0.1:8080:80"))
	assert.Assert(t, errdefs.IsFailedPrecondition(err), "%v", err)
	here(t).reaches(t, "tcp", "127.0.0.1:8080", "one")
}

func TestFreePortIsPickedFromTheHostsRange(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(sysctlRoot, "ipv4", "ip_local_port_range")
	before, err := os.ReadFile(path)
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(path, []byte("40000 40004"), 0))
	t.Cleanup(func() { assert.NilError(t, os.WriteFile(path, before, 0)) })
	l, err := net.Listen("tcp", "127.0.0.1:40001")
	assert.NilError(t, err)
	defer l.Close()

	c, ep := w.container(NameBridge, "one")
	c.serve(t, ":80", "one")
	for _, want := range []uint16{40000, 40002, 40003, 40004} {
		p := w.publish(ep, "0:80")
		assert.Equal(t, p.Ports[0].HostPort, want)
		assert.Equal(t, p.Ports[1].HostPort, want)
		w.outside.reaches(t, "tcp", fmt.Sprintf("%s:%d", hostAddress, want), "one")
	}
	_, err = w.n.Publish(context.Background(), ep, bindings(t, "0:80"))
	assert.Assert(t, errdefs.IsResourceExhausted(err), "%v", err)
}

func TestOnlyOneOfManyGetsAPort(t *testing.T) {
	w := newWorld(t)
	var eps []*Endpoint
	for i := range 8 {
		_, ep := w.container(NameBridge, fmt.Sprint("c", i))
		eps = append(eps, ep)
	}
	for round := range 20 {
		var wg sync.WaitGroup
		got := make([]Published, len(eps))
		errs := make([]error, len(eps))
		for i, ep := range eps {
			wg.Go(func() {
				got[i], errs[i] = w.n.Publish(context.Background(), ep, []PortBinding{{ContainerPort: 80, HostPort: uint16(9000 + round)}})
			})
		}
		wg.Wait()
		winners := 0
		for i := range eps {
			if errs[i] == nil {
				winners++
				got[i].close()
				assert.NilError(t, w.n.Unpublish(eps[i], got[i].Ports))
				continue
			}
			assert.Assert(t, errdefs.IsFailedPrecondition(errs[i]), "%v", errs[i])
		}
		assert.Equal(t, winners, 1)
	}
}

func TestUnpublishOneOfSeveral(t *testing.T) {
	w := newWorld(t)
	c, ep := w.container(NameBridge, "one")
	c.serve(t, ":80", "one")
	host := here(t)
	a, b := w.publish(ep, "8080:80"), w.publish(ep, "8081:80")
	assert.NilError(t, w.n.Unpublish(ep, a.Ports))
	a.close()
	host.fails(t, "tcp", "127.0.0.1:8080")
	host.reaches(t, "tcp", "127.0.0.1:8081", "one")
	w.n.Detach(ep)
	b.close()
	host.fails(t, "tcp", "127.0.0.1:8081")
}

// A client that goes on sending datagrams reaches the new container, and not the address of the old one.
func TestDatagramsFollowThePort(t *testing.T) {
	w := newWorld(t)
	one, first := w.container(NameBridge, "one")
	two, second := w.container(NameBridge, "two")
	one.serveUDP(t, ":53", "one")
	two.serveUDP(t, ":53", "two")

	var conn net.Conn
	w.outside.do(t, func() (err error) {
		conn, err = net.Dial("udp", hostAddress+":5353")
		return err
	})
	defer conn.Close()
	answer := func() string {
		_, _ = io.WriteString(conn, "?")
		return readLine(conn)
	}
	p := w.publish(first, "5353:53/udp")
	eventually(t, func() bool { return strings.HasPrefix(answer(), "one") })
	w.n.Detach(first)
	p.close()
	w.publish(second, "5353:53/udp")
	eventually(t, func() bool { return strings.HasPrefix(answer(), "two") })
}

func TestBadBindingsAreRefused(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	_, ep := w.container(NameBridge, "one")
	for _, b := range []PortBinding{
		{Proto: "icmp", ContainerPort: 80},
		{ContainerPort: 0, HostPort: 80},
		{ContainerPort: 80, HostPort: 80, HostIP: netip.MustParseAddr("fe80::1%ext0")},
	} {
		_, err := w.n.Publish(ctx, ep, []PortBinding{b})
		assert.Assert(t, errdefs.IsInvalidArgument(err), "%v: %v", b, err)
	}
	w.n.Detach(ep)
	_, err := w.n.Publish(ctx, ep, bindings(t, "8080:80"))
	assert.Assert(t, errdefs.IsNotFound(err), "%v", err)
}
