package rtnl

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// pair makes a bridge with a veth that leads into a namespace, and returns that with the bridge's index.
func pair(t *testing.T, s *Socket, names ...string) (inner, home *os.File, bridge int) {
	t.Helper()
	home, err := Namespace()
	assert.NilError(t, err)
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends here
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			inner, err = Namespace()
		}
		done <- err
	}()
	assert.NilError(t, <-done)
	br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
	assert.NilError(t, netlink.LinkAdd(br))
	assert.NilError(t, netlink.LinkSetUp(br))
	bridge, err = s.Index("br0")
	assert.NilError(t, err)
	for i, name := range names {
		assert.NilError(t, s.Do(Veth(End{Name: name, Up: true}, End{Name: "eth" + string(rune('0'+i))}, inner, bridge, 1400)))
	}
	t.Cleanup(func() {
		for _, name := range append(names, "br0") {
			if index, err := s.Index(name); err == nil {
				assert.NilError(t, s.Do(Delete(index)))
			}
		}
		assert.NilError(t, errors.Join(inner.Close(), home.Close()))
	})
	return inner, home, bridge
}

func open(t *testing.T) *Socket {
	t.Helper()
	s, err := Open()
	assert.NilError(t, err)
	t.Cleanup(func() { assert.NilError(t, s.Close()) })
	return s
}

func TestVethReachesIntoTheNamespace(t *testing.T) {
	s := open(t)
	inner, home, bridge := pair(t, s, "v0")
	err := Inside(inner, home, func() error {
		in, err := Open()
		if err != nil {
			return err
		}
		defer in.Close()
		index, err := in.Index("eth0")
		assert.NilError(t, err)
		assert.NilError(t, in.Do(Up(LoopbackIndex), Up(index),
			Address(index, netip.MustParsePrefix("10.0.0.2/24")), DefaultRoute(index, netip.MustParseAddr("10.0.0.1"))))
		err = in.Do(DefaultRoute(index, netip.MustParseAddr("10.0.0.1")))
		assert.Assert(t, errors.Is(err, unix.EEXIST), "%v", err)
		assert.ErrorContains(t, err, "add the default route through 10.0.0.1")
		assert.NilError(t, in.Do(DefaultRoute(index, netip.MustParseAddr("10.0.0.1")).OrThere()))
		l, err := netlink.LinkByName("eth0")
		assert.Equal(t, l.Attrs().MTU, 1400)
		return err
	})
	assert.NilError(t, err)
	v0, err := s.Index("v0")
	assert.NilError(t, err)
	assert.NilError(t, s.Ready(v0, bridge))
	for _, name := range []string{"v0", "br0"} {
		l, err := netlink.LinkByName(name)
		assert.NilError(t, err)
		assert.Equal(t, l.Attrs().OperState.String(), "up")
	}
	assert.NilError(t, s.Do(NoAddress6("v0"), Isolate("v0"), Hairpin("v0")))
	port, err := netlink.LinkGetProtinfo(must(netlink.LinkByName("v0")))
	assert.NilError(t, err)
	assert.Assert(t, port.Hairpin && port.Isolated)
}

func must(l netlink.Link, err error) netlink.Link {
	if err != nil {
		panic(err)
	}
	return l
}

// The kernel goes on after a failure, and so the answers still belong to their questions afterwards.
func TestFirstFailureOfABatch(t *testing.T) {
	s := open(t)
	err := s.Do(Up(LoopbackIndex), Up(4711), Up(LoopbackIndex), Delete(4712))
	assert.Assert(t, errors.Is(err, unix.ENODEV), "%v", err)
	assert.ErrorContains(t, err, "bring link 4711 up")
	assert.NilError(t, s.Do(Up(LoopbackIndex)))
	_, err = s.Index("nothing")
	assert.Assert(t, errors.Is(err, unix.ENODEV), "%v", err)
	_, err = s.Index("a name that is too long")
	assert.ErrorContains(t, err, "interface name")
}

func TestKernelsOwnWords(t *testing.T) {
	s := open(t)
	inner, _, bridge := pair(t, s)
	err := s.Do(Veth(End{Name: "v0", MAC: []byte{1, 0, 0, 0, 0, 1}}, End{Name: "eth0"}, inner, bridge, 1500))
	assert.Assert(t, errors.Is(err, unix.EADDRNOTAVAIL), "%v", err)
	assert.ErrorContains(t, err, "make v0 with its peer eth0")
	assert.NilError(t, s.Do(Up(LoopbackIndex)))
	err = s.Do(DefaultRoute(LoopbackIndex, netip.MustParseAddr("10.9.9.9")))
	assert.ErrorContains(t, err, "network is unreachable (Nexthop has invalid gateway)")
}

func TestGroupGoesInOneStep(t *testing.T) {
	s := open(t)
	pair(t, s, "v0", "v1", "v2")
	assert.NilError(t, s.Do(Group("v0", 4711), Group("v2", 4711)))
	assert.NilError(t, s.Do(DeleteGroup(4711)))
	for name, gone := range map[string]bool{"v0": true, "v1": false, "v2": true} {
		_, err := s.Index(name)
		assert.Equal(t, errors.Is(err, unix.ENODEV), gone, name)
	}
	err := s.Do(DeleteGroup(4711))
	assert.Assert(t, errors.Is(err, unix.ENODEV), "%v", err)
	v1, err := s.Index("v1")
	assert.NilError(t, err)
	assert.NilError(t, s.Do(Delete(v1)))
}

func TestInsideComesBack(t *testing.T) {
	s := open(t)
	inner, home, _ := pair(t, s)
	before, err := os.Readlink("/proc/thread-self/ns/net")
	assert.NilError(t, err)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	failure := errors.New("failure")
	err = Inside(inner, home, func() error {
		there, err := os.Readlink("/proc/thread-self/ns/net")
		assert.NilError(t, err)
		assert.Assert(t, there != before)
		return failure
	})
	assert.Equal(t, err, failure)
	after, err := os.Readlink("/proc/thread-self/ns/net")
	assert.NilError(t, err)
	assert.Equal(t, after, before)
}

func TestPoolKeepsSocketsApart(t *testing.T) {
	p := NewPool()
	err := p.With(func(a *Socket) error {
		return p.With(func(b *Socket) error {
			assert.Assert(t, a != b)
			return p.Do(Up(LoopbackIndex))
		})
	})
	assert.NilError(t, err)
	assert.Equal(t, len(p.idle), 3)
	assert.Assert(t, errors.Is(p.Do(Up(4711)), unix.ENODEV))
	assert.Equal(t, len(p.idle), 3, "a refused request is no reason to throw the socket away")
	assert.Assert(t, errors.Is(p.With(func(*Socket) error { return os.ErrClosed }), os.ErrClosed))
	assert.Equal(t, len(p.idle), 2)
	assert.NilError(t, p.Close())
	assert.NilError(t, p.Do(Up(LoopbackIndex)))
	assert.Equal(t, len(p.idle), 0)
}

func TestPoolKeepsFewSocketsForTheNext(t *testing.T) {
	p := NewPool()
	const workers = 3 * maxIdle
	together := make(chan struct{})
	at, done := make(chan struct{}), make(chan error)
	for range workers {
		go func() {
			done <- p.With(func(*Socket) error {
				at <- struct{}{}
				<-together
				return nil
			})
		}()
	}
	for range workers {
		<-at
	}
	close(together)
	for range workers {
		assert.NilError(t, <-done)
	}
	assert.Equal(t, len(p.idle), maxIdle)
	assert.NilError(t, p.Close())
}

func FuzzAnswers(f *testing.F) {
	message := binary.NativeEndian.AppendUint32(nil, 36)
	message = binary.NativeEndian.AppendUint16(message, unix.NLMSG_ERROR)
	message = append(message, make([]byte, 30)...)
	f.Add(message)
	f.Add([]byte{})
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = eachMessage(b, func(h unix.NlMsghdr, body []byte) {
			_ = hint(h, body)
			_ = operationalState(body)
		})
	})
}
