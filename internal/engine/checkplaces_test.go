package engine

import (
	"math"
	"testing"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/oci"
)

func TestPlacesForMounts(t *testing.T) {
	for place, ok := range map[string]bool{
		"/data": true, "/proc/cpuinfo": true, "/proc/sys/kernel/ns_last_pid": true, "/process": true, "/proc": true,
		"/": false, "data": false, "": false, "/a\x00b": false, "/proc/self/attr": false, "/proc/1": false, "/proc/sys": false, "/proc/sysrq-trigger": false,
	} {
		if err := checkDestination(place); (err == nil) != ok || err != nil && !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %v", place, err)
		}
	}
}

func TestNothingButProcLiesOnProc(t *testing.T) {
	for _, c := range []struct {
		m  container.MountPoint
		ok bool
	}{
		{container.MountPoint{Type: "bind", Source: "/proc", Destination: "/proc"}, true},
		{container.MountPoint{Type: "bind", Source: t.TempDir(), Destination: "/proc/"}, false},
		{container.MountPoint{Type: "bind", Source: t.TempDir(), Destination: "/proc/cpuinfo"}, true},
		{container.MountPoint{Type: "volume", Source: "/proc", Destination: "/proc"}, false},
		{container.MountPoint{Type: "tmpfs", Destination: "/proc"}, false},
		{container.MountPoint{Type: "tmpfs", Destination: "/process"}, true},
	} {
		if err := checkOnProc(&c.m); (err == nil) != c.ok || err != nil && !errdefs.IsInvalidArgument(err) {
			t.Errorf("%+v: %v", c.m, err)
		}
	}
}

func TestUsersOfAUserNamespace(t *testing.T) {
	for _, c := range []struct {
		u  oci.User
		ok bool
	}{
		{oci.User{UID: 65535, GID: 65535, Groups: []uint32{1, 65535}}, true},
		{oci.User{UID: 65536, Groups: []uint32{0}}, false},
		{oci.User{GID: 65536, Groups: []uint32{0}}, false},
		{oci.User{Groups: []uint32{0, math.MaxUint32}}, false},
	} {
		if err := checkIDs(c.u); (err == nil) != c.ok || err != nil && !errdefs.IsInvalidArgument(err) {
			t.Errorf("%+v: %v", c.u, err)
		}
	}
}

func TestSwapOfHugeMemoryHasNoLimit(t *testing.T) {
	for memory, want := range map[int64]int64{64 << 20: 128 << 20, math.MaxInt64 / 2: math.MaxInt64 - 1, math.MaxInt64/2 + 1: -1, math.MaxInt64: -1} {
		if got := container.DefaultSwap(memory); got != want {
			t.Errorf("%d: %d", memory, got)
		}
	}
}
