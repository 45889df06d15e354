package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// valueOf reads a limit back, from the file of either version.
func valueOf(t *testing.T, g *Group, controller, v1, v2 string) string {
	t.Helper()
	file := v1
	if g.host.V2 {
		file = v2
	}
	b, err := os.ReadFile(filepath.Join(g.dir(controller), file))
	assert.NilError(t, err)
	return strings.TrimSpace(string(b))
}

// either picks what is expected of this host's version.
func either(h *Host, v1, v2 string) string {
	if h.V2 {
		return v2
	}
	return v1
}

func TestLimitsAreSetAndUpdated(t *testing.T) {
	h, parent := host(t)
	for _, c := range []string{"memory", "cpu", "cpuset", "pids"} {
		need(t, h, c)
	}
	r := &specs.LinuxResources{
		Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20)), Swap: ptr(int64(128 << 20)), Reservation: ptr(int64(32 << 20))},
		CPU:    &specs.LinuxCPU{Shares: ptr(uint64(512)), Quota: ptr(int64(50000)), Period: ptr(uint64(100000)), Cpus: "0", Mems: "0"},
		Pids:   &specs.LinuxPids{Limit: ptr(int64(77))},
	}
	h.Adjust(r)
	g := create(t, h, parent, "one", r)
	assert.Equal(t, valueOf(t, g, "memory", "memory.limit_in_bytes", "memory.max"), "67108864")
	assert.Equal(t, valueOf(t, g, "memory", "memory.soft_limit_in_bytes", "memory.low"), "33554432")
	if h.features.swap {
		assert.Equal(t, valueOf(t, g, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max"), either(h, "134217728", "67108864"))
	}
	assert.Equal(t, valueOf(t, g, "cpu", "cpu.shares", "cpu.weight"), either(h, "512", "59"))
	assert.Equal(t, valueOf(t, g, "cpu", "cpu.cfs_quota_us", "cpu.max"), either(h, "50000", "50000 100000"))
	assert.Equal(t, valueOf(t, g, "cpuset", "cpuset.cpus", "cpuset.cpus"), "0")
	assert.Equal(t, valueOf(t, g, "pids", "pids.max", "pids.max"), "77")

	// Up and down again: version 1 wants the two memory limits in the right order each time.
	for _, limit := range []int64{512 << 20, 16 << 20} {
		m := &specs.LinuxMemory{Limit: ptr(limit), Swap: ptr(2 * limit)}
		r := &specs.LinuxResources{Memory: m}
		h.Adjust(r)
		assert.NilError(t, g.Update(r))
	}
	assert.Equal(t, valueOf(t, g, "memory", "memory.limit_in_bytes", "memory.max"), "16777216")
	assert.Equal(t, valueOf(t, g, "pids", "pids.max", "pids.max"), "77", "what an update leaves out stays")

	assert.NilError(t, g.Update(&specs.LinuxResources{
		Memory: &specs.LinuxMemory{Limit: ptr(int64(-1))}, CPU: &specs.LinuxCPU{Quota: ptr(int64(-1))}, Pids: &specs.LinuxPids{Limit: ptr(int64(0))},
	}))
	assert.Equal(t, valueOf(t, g, "memory", "memory.limit_in_bytes", "memory.max"), either(h, "9223372036854771712", "max"))
	assert.Equal(t, valueOf(t, g, "cpu", "cpu.cfs_quota_us", "cpu.max"), either(h, "-1", "max 100000"))
	assert.Equal(t, valueOf(t, g, "pids", "pids.max", "pids.max"), "max")
}

func TestValuesTheKernelRefuses(t *testing.T) {
	h, parent := host(t)
	for _, c := range []string{"cpu", "cpuset", "devices", "pids", either(h, "blkio", "io")} {
		need(t, h, c)
	}
	for what, r := range map[string]*specs.LinuxResources{
		"--cpuset-cpus":       {CPU: &specs.LinuxCPU{Cpus: "0-4095"}},
		"--cpu-shares":        {CPU: &specs.LinuxCPU{Shares: ptr(uint64(1))}},
		"--cpu-quota":         {CPU: &specs.LinuxCPU{Quota: ptr(int64(1))}},
		"--pids-limit":        {Pids: &specs.LinuxPids{Limit: ptr(int64(1 << 40))}},
		"--device-read-bps":   {BlockIO: &specs.LinuxBlockIO{ThrottleReadBpsDevice: []specs.LinuxThrottleDevice{throttle(4095, 9, 1000)}}},
		"--device-write-iops": {BlockIO: &specs.LinuxBlockIO{ThrottleWriteIOPSDevice: []specs.LinuxThrottleDevice{throttle(4095, 9, 1000)}}},
		"device rule":         {Devices: []specs.LinuxDeviceCgroup{{Type: "x"}}},
	} {
		_, err := h.Create(parent, "one", r)
		assert.Assert(t, errors.Is(err, errdefs.ErrInvalidArgument), "%s: %v", what, err)
		assert.ErrorContains(t, err, what)
		for _, of := range []string{"/sys/", parent, "invalid argument: "} {
			assert.Assert(t, !strings.Contains(err.Error(), of), "%v: a person learns nothing from %q", err, of)
		}
	}
}

func throttle(major, minor int64, rate uint64) specs.LinuxThrottleDevice {
	d := specs.LinuxThrottleDevice{Rate: rate}
	d.Major, d.Minor = major, minor
	return d
}

func TestALimitWithoutItsControllerSaysWhich(t *testing.T) {
	h, parent := host(t)
	poor := &Host{V2: h.V2, Controllers: map[string]bool{}, hierarchies: h.hierarchies, ready: map[string]bool{}, made: h.made}
	if !h.V2 {
		freezer, _ := h.holder("freezer")
		poor.hierarchies = []hierarchy{freezer}
	}
	for what, r := range map[string]*specs.LinuxResources{
		"--memory":     {Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20))}},
		"--cpus":       {CPU: &specs.LinuxCPU{Quota: ptr(int64(50000))}},
		"--pids-limit": {Pids: &specs.LinuxPids{Limit: ptr(int64(5))}},
	} {
		_, err := poor.Create(parent, "one", r)
		assert.Assert(t, errors.Is(err, errdefs.ErrFailedPrecondition), "%s: %v", what, err)
		assert.ErrorContains(t, err, what)
		assert.ErrorContains(t, err, "this kernel has no")
	}
}

// This host's own answers: what it says it supports can be set, and the rest is in the warnings.
func TestSupportIsTrue(t *testing.T) {
	h, parent := host(t)
	s := h.Support()
	r := &specs.LinuxResources{Memory: &specs.LinuxMemory{}, CPU: &specs.LinuxCPU{}, BlockIO: &specs.LinuxBlockIO{}}
	if s.Memory {
		r.Memory.Limit = ptr(int64(64 << 20))
	}
	if s.Swap {
		r.Memory.Swap = ptr(int64(80 << 20))
	}
	if s.Swappiness {
		r.Memory.Swappiness = ptr(uint64(30))
	}
	if s.OOMKillDisable {
		r.Memory.DisableOOMKiller = ptr(true)
	}
	if s.CPUShares {
		r.CPU.Shares = ptr(uint64(100))
	}
	if s.CPUQuota {
		r.CPU.Quota = ptr(int64(50000))
	}
	if s.BlockWeight {
		r.BlockIO.Weight = ptr(uint16(300))
	}
	assert.Equal(t, len(h.Adjust(r)), 0)
	g := create(t, h, parent, "one", r)
	if s.BlockWeight && !h.V2 {
		assert.Equal(t, strings.TrimPrefix(valueOf(t, g, "blkio", h.features.weightFile, ""), "default "), "300")
	}
	warned := strings.Join(h.Warnings(), "\n")
	for what, has := range map[string]bool{"swap limit": s.Swap, "cpu shares": s.CPUShares, "pids limit": s.Pids, "cpuset": s.Cpuset} {
		assert.Equal(t, strings.Contains(warned, "No "+what+" support"), !has, "%s in %s", what, warned)
	}
}

func TestPidsLimitStopsForks(t *testing.T) {
	h, parent := host(t)
	need(t, h, "pids")
	g := create(t, h, parent, "one", &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(30))}})
	p := start(t, g, "fork")
	assert.Assert(t, p.line(t) != "forked 200")
	s, err := g.Stats()
	assert.NilError(t, err)
	assert.Equal(t, s.Pids.Current, uint64(30))
	assert.Equal(t, s.Pids.Limit, uint64(30))
}

func TestMemoryLimitKillsAndIsCounted(t *testing.T) {
	h, parent := host(t)
	need(t, h, "memory")
	r := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20)), Swap: ptr(int64(64 << 20))}}
	h.Adjust(r)
	g := create(t, h, parent, "one", r)
	n, err := g.OOMKills()
	assert.NilError(t, err)
	assert.Equal(t, n, uint64(0))
	p := start(t, g, "eat")
	assert.Equal(t, p.line(t), "ready")
	_, err = p.in.Write([]byte("go\n"))
	assert.NilError(t, err)
	p.cmd.Wait()
	assert.Equal(t, p.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(), unix.SIGKILL)
	n, err = g.OOMKills()
	assert.NilError(t, err)
	assert.Assert(t, n >= 1)
	text, err := os.ReadFile(g.OOMFile())
	assert.NilError(t, err)
	assert.Assert(t, strings.Contains(string(text), "oom_kill "), "%s", text)
	s, err := g.Stats()
	assert.NilError(t, err)
	assert.Equal(t, s.Memory.Limit, uint64(64<<20))
	assert.Assert(t, s.Memory.MaxUsage > 32<<20 || s.Memory.MaxUsage == 0, "%d", s.Memory.MaxUsage) // 0 before Linux 5.19 on version 2
	assert.Assert(t, s.Memory.Stat["pgfault"] > 0)
}

func TestQuotaThrottles(t *testing.T) {
	h, parent := host(t)
	need(t, h, "cpu")
	g := create(t, h, parent, "one", &specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: ptr(int64(10000)), Period: ptr(uint64(50000))}})
	p := start(t, g, "spin")
	assert.Equal(t, p.line(t), "ready")
	until(t, "it was throttled", func() bool {
		s, err := g.Stats()
		assert.NilError(t, err)
		return s.CPU.ThrottledPeriods > 2 && s.CPU.ThrottledTime > 0 && s.CPU.Periods > 2 && s.CPU.Total > 0 && s.CPU.User > 0
	})
}

// someDevices is like Docker's default: none, but a few harmless ones.
func someDevices() []specs.LinuxDeviceCgroup {
	rules := []specs.LinuxDeviceCgroup{
		{Allow: false, Access: "rwm"},
		{Allow: true, Type: "c", Access: "m"},
		{Allow: true, Type: "b", Access: "m"},
	}
	for _, d := range [][2]int64{{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}, {10, 200}} {
		rules = append(rules, specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: ptr(d[0]), Minor: ptr(d[1]), Access: "rwm"})
	}
	return append(rules, specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: ptr(int64(136)), Access: "rwm"})
}

func TestDeviceRules(t *testing.T) {
	h, parent := host(t)
	need(t, h, "devices")
	dir := t.TempDir()
	nodes := map[string][2]uint32{"null": {1, 3}, "zero": {1, 5}, "kmsg": {1, 11}}
	var paths []string
	for _, name := range []string{"null", "zero", "kmsg"} {
		path := filepath.Join(dir, name)
		if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(nodes[name][0], nodes[name][1]))); err != nil {
			t.Skipf("no device nodes here: %v", err)
		}
		paths = append(paths, path)
	}
	if f, err := os.Open(paths[0]); err != nil {
		t.Skipf("device nodes do not work in the temporary directory: %v", err)
	} else {
		f.Close()
	}
	devices := "DEVICES=" + strings.Join(paths, " ")
	open := func(g *Group) string {
		p := start(t, g, "open", devices)
		var lines []string
		for {
			line := p.line(t)
			if line == "done" {
				break
			}
			name, err, _ := strings.Cut(line, ": ")
			if strings.HasSuffix(err, "operation not permitted") {
				err = "denied"
			}
			lines = append(lines, name+" "+err)
		}
		assert.NilError(t, p.cmd.Wait())
		return strings.Join(lines, ", ")
	}
	g := create(t, h, parent, "one", &specs.LinuxResources{Devices: someDevices()})
	assert.Equal(t, open(g), "null <nil>, zero <nil>, kmsg denied")
	same := create(t, h, parent, "same", &specs.LinuxResources{Devices: someDevices()})
	assert.Equal(t, open(same), "null <nil>, zero <nil>, kmsg denied")

	zero := specs.LinuxDeviceCgroup{Type: "c", Major: ptr(int64(1)), Minor: ptr(int64(5)), Access: "rwm"}
	kmsg := specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: ptr(int64(1)), Minor: ptr(int64(11)), Access: "rw"}
	without := slices.DeleteFunc(someDevices(), func(d specs.LinuxDeviceCgroup) bool { return reflect.DeepEqual(d.Minor, zero.Minor) && *d.Major == 1 })
	assert.NilError(t, g.Update(&specs.LinuxResources{Devices: append(without, kmsg)}))
	assert.Equal(t, open(g), "null <nil>, zero denied, kmsg <nil>")
	assert.Equal(t, open(same), "null <nil>, zero <nil>, kmsg denied", "the other group's rules stay")

	_, err := h.Create(parent, "hole", &specs.LinuxResources{Devices: append(someDevices(), zero)})
	assert.ErrorContains(t, err, "device rules", "a rule that cannot hold is refused, not ignored")
	taken := append([]specs.LinuxDeviceCgroup{{Access: "rwm"}}, append(someDevices()[3:], kmsg, specs.LinuxDeviceCgroup{Type: "c", Major: kmsg.Major, Minor: kmsg.Minor, Access: "rwm"})...)
	assert.Equal(t, open(create(t, h, parent, "taken", &specs.LinuxResources{Devices: taken})), "null <nil>, zero <nil>, kmsg denied")

	all := create(t, h, parent, "two", &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Allow: true, Access: "rwm"}}})
	assert.Equal(t, open(all), "null <nil>, zero <nil>, kmsg <nil>")
}
