package oci_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/container"
	"tug/internal/oci"
)

func ptr[T any](v T) *T { return &v }

func TestResources(t *testing.T) {
	for name, c := range map[string]struct {
		asked container.Resources
		want  specs.LinuxResources
	}{
		"none": {container.Resources{}, specs.LinuxResources{}},
		"memory brings as much swap": {
			container.Resources{Memory: 64 << 20},
			specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20)), Swap: ptr(int64(128 << 20))}},
		},
		"no limit of swap": {
			container.Resources{Memory: 64 << 20, MemorySwap: -1, MemorySwappiness: ptr(int64(0)), MemoryReservation: 32 << 20},
			specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20)), Swap: ptr(int64(-1)), Reservation: ptr(int64(32 << 20)), Swappiness: ptr(uint64(0))}},
		},
		"swappiness of -1 is the host's": {container.Resources{MemorySwappiness: ptr(int64(-1))}, specs.LinuxResources{}},
		"cpus": {
			container.Resources{NanoCPUs: 1.5e9, CpusetCpus: "0-1", CPUShares: 512},
			specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: ptr(int64(150000)), Period: ptr(uint64(100000)), Cpus: "0-1", Shares: ptr(uint64(512))}},
		},
		"pids":           {container.Resources{PidsLimit: ptr(int64(7))}, specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(7))}}},
		"unlimited pids": {container.Resources{PidsLimit: ptr(int64(-5))}, specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(-1))}}},
		"zero pids":      {container.Resources{PidsLimit: ptr(int64(0))}, specs.LinuxResources{}},
		"weight":         {container.Resources{BlkioWeight: 300}, specs.LinuxResources{BlockIO: &specs.LinuxBlockIO{Weight: ptr(uint16(300))}}},
	} {
		got, err := oci.Resources(&c.asked, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&c.want, got); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestThrottledDeviceMustBeOne(t *testing.T) {
	for _, path := range []string{"/dev/null", "/nothere", t.TempDir()} {
		_, err := oci.Resources(&container.Resources{BlkioDeviceReadBps: []container.ThrottleDevice{{Path: path, Rate: 1}}}, nil)
		if !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestDevices(t *testing.T) {
	dir := t.TempDir()
	for name, dev := range map[string]uint64{"a": unix.Mkdev(1, 3), "sub/b": unix.Mkdev(1, 5)} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mknod(path, unix.S_IFCHR|0o640, int(dev)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	nodes, rules, err := oci.Devices([]container.Device{{PathOnHost: dir, PathInContainer: "/dev/x", CgroupPermissions: "r"}, {PathOnHost: filepath.Join(dir, "a"), PathInContainer: "/dev/own"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, n := range nodes {
		got = append(got, n.Path+" "+rules[i].Access)
	}
	if d := cmp.Diff([]string{"/dev/x/a r", "/dev/x/sub/b r", "/dev/own rwm"}, got); d != "" {
		t.Error(d)
	}
	for _, path := range []string{filepath.Join(dir, "file"), filepath.Join(dir, "nothere")} {
		if _, _, err := oci.Devices([]container.Device{{PathOnHost: path, PathInContainer: "/dev/y"}}); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestDeviceRules(t *testing.T) {
	for text, want := range map[string]*specs.LinuxDeviceCgroup{
		"c 42:* rmw":   {Allow: true, Type: "c", Major: ptr(int64(42)), Access: "rmw"},
		"b 8:1 r":      {Allow: true, Type: "b", Major: ptr(int64(8)), Minor: ptr(int64(1)), Access: "r"},
		"a *:* rwm":    {Allow: true, Type: "a", Access: "rwm"},
		"c 42 rwm":     nil,
		"d 1:1 r":      nil,
		"ac 1:1 r":     nil,
		"c 1:1 x":      nil,
		"c -1:1 r":     nil,
		"c 1:1":        nil,
		"c 1:1:1 r":    nil,
		"":             nil,
		"c 1:1 r more": nil,
	} {
		got, err := oci.DeviceRule(text)
		if want == nil {
			if !errdefs.IsInvalidArgument(err) {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if d := cmp.Diff(*want, got); err != nil || d != "" {
			t.Errorf("%q: %v\n%s", text, err, d)
		}
	}
}

// FuzzDeviceRule holds that a rule is refused or means what it says.
func FuzzDeviceRule(f *testing.F) {
	f.Add("c 42:* rmw")
	f.Add("b 8:0 r")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := oci.DeviceRule(text)
		if err == nil && (len(r.Type) != 1 || r.Access == "" || r.Major != nil && *r.Major < 0 || r.Minor != nil && *r.Minor < 0) {
			t.Errorf("%q gives %+v", text, r)
		}
	})
}

// TestDefaultDeviceRulesAreDockers lists what an unprivileged container may open: nothing that is a disk or memory.
func TestDefaultDeviceRulesAreDockers(t *testing.T) {
	rules := oci.DefaultDeviceRules()
	if first := rules[0]; first.Allow || first.Access != "rwm" || first.Type != "" || first.Major != nil {
		t.Errorf("the first rule does not deny all: %+v", first)
	}
	for _, r := range rules[1:] {
		if r.Access == "m" {
			continue // making a node is not using it
		}
		if r.Type != "c" || r.Major == nil || *r.Major != 1 && *r.Major != 5 && *r.Major != 136 || r.Minor != nil && *r.Major == 1 && *r.Minor < 3 {
			t.Errorf("more than a harmless device may be used: %+v", r)
		}
	}
}
