package cgroup

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"gotest.tools/v3/assert"
)

func TestHierarchiesInATableOfMounts(t *testing.T) {
	const rest = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
	tmpfs := "2 1 0:1 / /sys/fs/cgroup ro - tmpfs tmpfs rw\n"
	cpu := "3 2 0:2 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
	memory := "4 2 0:3 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	systemd := "5 2 0:4 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd\n"
	unified := "6 2 0:5 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
	two := "7 1 0:6 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
	again := "8 1 0:3 / /mnt/memory rw - cgroup cgroup rw,memory\n"
	for _, c := range []struct {
		what, table, hidden, want string
	}{
		{"version 1", rest + tmpfs + cpu + memory, "", "false /sys/fs/cgroup/cpu,cpuacct[cpu cpuacct] /sys/fs/cgroup/memory[memory]"},
		{"a hierarchy mounted twice", rest + memory + again, "", "false /sys/fs/cgroup/memory[memory]"},
		{"both, the controllers in version 1", rest + tmpfs + memory + systemd + unified, "", "false /sys/fs/cgroup/memory[memory] /sys/fs/cgroup/systemd[name=systemd]"},
		{"both, the controllers in version 2", rest + tmpfs + systemd + unified, "", "true /sys/fs/cgroup/unified[]"},
		{"version 2", rest + two, "", "true /sys/fs/cgroup[]"},
		{"version 2 mounted over version 1", rest + tmpfs + memory + unified + two, "/sys/fs/cgroup/", "true /sys/fs/cgroup[]"},
	} {
		visible := func(dir string, _ int64) bool { return c.hidden == "" || !strings.HasPrefix(dir, c.hidden) }
		v2, hierarchies, err := findHierarchies(strings.NewReader(c.table), visible)
		assert.NilError(t, err, c.what)
		got := fmt.Sprint(v2)
		for _, h := range hierarchies {
			got += fmt.Sprintf(" %s%v", h.dir, h.controllers)
		}
		assert.Equal(t, got, c.want, c.what)
	}
	_, _, err := findHierarchies(strings.NewReader(rest), func(string, int64) bool { return true })
	assert.Assert(t, errors.Is(err, errdefs.ErrFailedPrecondition), "%v", err)
}

func TestSlicesLieInSlices(t *testing.T) {
	for slice, want := range map[string]string{
		"system.slice": "/system.slice",
		"-.slice":      "/",
		"a-b-c.slice":  "/a.slice/a-b.slice/a-b-c.slice",
	} {
		got, err := slicePath(slice)
		assert.NilError(t, err)
		assert.Equal(t, got, want)
	}
	assert.Equal(t, parentPath("a-b.slice"), "/a.slice/a-b.slice/tug-containers-a-b.service")
	assert.Equal(t, parentPath("-.slice"), "/tug-containers-root.service")
	assert.Equal(t, parentPath("/tug"), "/tug")
	assert.Assert(t, !isSlice("/system.slice"), "a path is a path")
}

// everything is a request that uses each kind of limit.
func everything() *specs.LinuxResources {
	weighted := specs.LinuxWeightDevice{Weight: ptr(uint16(300))}
	weighted.Major, weighted.Minor = 8, 0
	return &specs.LinuxResources{
		Memory: &specs.LinuxMemory{
			Limit: ptr(int64(1000)), Swap: ptr(int64(3000)), Reservation: ptr(int64(500)), Swappiness: ptr(uint64(10)), DisableOOMKiller: ptr(true), KernelTCP: ptr(int64(7)),
		},
		CPU: &specs.LinuxCPU{
			Shares: ptr(uint64(1024)), Quota: ptr(int64(5000)), Period: ptr(uint64(10000)), Burst: ptr(uint64(100)), Idle: ptr(int64(0)),
			RealtimePeriod: ptr(uint64(9)), RealtimeRuntime: ptr(int64(8)), Cpus: "0-1", Mems: "0",
		},
		Pids: &specs.LinuxPids{Limit: ptr(int64(10))},
		BlockIO: &specs.LinuxBlockIO{
			Weight: ptr(uint16(500)), WeightDevice: []specs.LinuxWeightDevice{weighted},
			ThrottleReadBpsDevice: []specs.LinuxThrottleDevice{throttle(8, 0, 1)}, ThrottleWriteBpsDevice: []specs.LinuxThrottleDevice{throttle(8, 0, 2)},
			ThrottleReadIOPSDevice: []specs.LinuxThrottleDevice{throttle(8, 0, 3)}, ThrottleWriteIOPSDevice: []specs.LinuxThrottleDevice{throttle(8, 0, 0)},
		},
		HugepageLimits: []specs.LinuxHugepageLimit{{Pagesize: "2MB", Limit: 4}},
		Rdma:           map[string]specs.LinuxRdma{"mlx5_1": {HcaHandles: ptr(uint32(3))}},
	}
}

func lines(list []setting) []string {
	var lines []string
	for _, s := range list {
		line := s.controller + ": " + s.file + " = " + s.value
		if s.again {
			line += " (again)"
		}
		if s.optional {
			line += " (optional)"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestSettingsOfVersion1(t *testing.T) {
	list, err := settingsV1(everything(), features{weightFile: "blkio.bfq.weight", weightDeviceFile: "blkio.bfq.weight_device"})
	assert.NilError(t, err)
	if diff := cmp.Diff([]string{
		"memory: memory.limit_in_bytes = 1000 (again)",
		"memory: memory.memsw.limit_in_bytes = 3000",
		"memory: memory.soft_limit_in_bytes = 500",
		"memory: memory.kmem.tcp.limit_in_bytes = 7",
		"memory: memory.swappiness = 10",
		"memory: memory.oom_control = 1",
		"cpu: cpu.shares = 1024",
		"cpu: cpu.cfs_period_us = 10000 (again)",
		"cpu: cpu.cfs_burst_us = 100 (again)",
		"cpu: cpu.cfs_quota_us = 5000",
		"cpu: cpu.idle = 0",
		"cpu: cpu.rt_period_us = 9 (again)",
		"cpu: cpu.rt_runtime_us = 8",
		"cpuset: cpuset.cpus = 0-1",
		"cpuset: cpuset.mems = 0",
		"pids: pids.max = 10",
		"blkio: blkio.bfq.weight = 500",
		"blkio: blkio.bfq.weight_device = 8:0 300",
		"blkio: blkio.throttle.read_bps_device = 8:0 1",
		"blkio: blkio.throttle.write_bps_device = 8:0 2",
		"blkio: blkio.throttle.read_iops_device = 8:0 3",
		"blkio: blkio.throttle.write_iops_device = 8:0 0",
		"hugetlb: hugetlb.2MB.limit_in_bytes = 4",
		"hugetlb: hugetlb.2MB.rsvd.limit_in_bytes = 4 (optional)",
		"rdma: rdma.max = mlx5_1 hca_handle=3",
	}, lines(list)); diff != "" {
		t.Error(diff)
	}
	_, err = settingsV1(&specs.LinuxResources{Unified: map[string]string{"memory.high": "1"}}, features{})
	assert.Assert(t, errors.Is(err, errdefs.ErrFailedPrecondition), "%v", err)
}

func TestSettingsOfVersion2(t *testing.T) {
	r := everything()
	r.Unified = map[string]string{"memory.high": "900", "io.max": "8:0 rbps=1\n8:16 rbps=2\n", "cgroup.max.depth": "3"}
	list, err := settingsV2(r)
	assert.NilError(t, err)
	if diff := cmp.Diff([]string{
		"memory: memory.swap.max = 2000",
		"memory: memory.max = 1000",
		"memory: memory.low = 500",
		"cpu: cpu.idle = 0",
		"cpu: cpu.weight = 100",
		"cpu: cpu.max.burst = 100 (again)",
		"cpu: cpu.max = 5000 10000",
		"cpuset: cpuset.cpus = 0-1",
		"cpuset: cpuset.mems = 0",
		"pids: pids.max = 10",
		"io: io.bfq.weight = 500",
		"io: io.weight = 4950 (optional)",
		"io: io.bfq.weight = 8:0 300",
		"io: io.max = 8:0 rbps=1",
		"io: io.max = 8:0 wbps=2",
		"io: io.max = 8:0 riops=3",
		"io: io.max = 8:0 wiops=max",
		"hugetlb: hugetlb.2MB.max = 4",
		"hugetlb: hugetlb.2MB.rsvd.max = 4 (optional)",
		"rdma: rdma.max = mlx5_1 hca_handle=3",
		"cgroup: cgroup.max.depth = 3",
		"io: io.max = 8:0 rbps=1",
		"io: io.max = 8:16 rbps=2",
		"memory: memory.high = 900",
	}, lines(list)); diff != "" {
		t.Error(diff)
	}
}

func TestSwapOfVersion2IsWithoutMemory(t *testing.T) {
	for _, c := range []struct {
		limit, swap int64
		want        string
	}{
		{1000, 1000, "memory.swap.max = 0 (optional), memory.max = 1000"},
		{1000, 1500, "memory.swap.max = 500, memory.max = 1000"},
		{1000, -1, "memory.swap.max = max (optional), memory.max = 1000"},
		{1000, 0, "memory.max = 1000"},
		{-1, 0, "memory.swap.max = max (optional), memory.max = max"},
		{0, 0, ""},
	} {
		list, err := memoryV2(&specs.LinuxMemory{Limit: &c.limit, Swap: &c.swap})
		assert.NilError(t, err)
		assert.Equal(t, strings.ReplaceAll(strings.Join(lines(list), ", "), "memory: ", ""), c.want)
	}
	for _, c := range [][2]int64{{1000, 500}, {0, 500}} {
		_, err := memoryV2(&specs.LinuxMemory{Limit: &c[0], Swap: &c[1]})
		assert.Assert(t, errors.Is(err, errdefs.ErrInvalidArgument), "%v: %v", c, err)
	}
}

func TestUnifiedSettingsAreFilesOfTheGroup(t *testing.T) {
	for _, file := range []string{"memory", "../memory.max", "a/memory.max", ""} {
		_, err := unified(map[string]string{file: "1"})
		assert.Assert(t, errors.Is(err, errdefs.ErrInvalidArgument), "%q: %v", file, err)
	}
}

// A host that lacks everything: all that Docker lets pass is dropped with Docker's words.
func TestAdjustDropsWhatDockerDrops(t *testing.T) {
	r := everything()
	//lint:ignore SA1019 old clients still send it
	r.Memory.Kernel = ptr(int64(5))
	warnings := (&Host{}).Adjust(r)
	if diff := cmp.Diff([]string{
		"Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
		"Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
		"Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.",
		"Your kernel does not support kernel memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
		"Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not mounted. Limitation discarded.",
		"Your kernel does not support OomKillDisable. OomKillDisable discarded.",
		"Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.",
		"Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.",
		"Your kernel does not support CPU real-time scheduler or the cgroup is not mounted. CPU real-time period/runtime discarded.",
		"Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.",
		"Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.",
		"Your kernel does not support BPS Block I/O read limit or the cgroup is not mounted. Block I/O BPS read limit discarded.",
		"Your kernel does not support BPS Block I/O write limit or the cgroup is not mounted. Block I/O BPS write limit discarded.",
		"Your kernel does not support IOPS Block read limit or the cgroup is not mounted. Block I/O IOPS read limit discarded.",
		"Your kernel does not support IOPS Block write limit or the cgroup is not mounted. Block I/O IOPS write limit discarded.",
	}, warnings); diff != "" {
		t.Error(diff)
	}
	left, err := settingsV1(r, features{})
	assert.NilError(t, err)
	assert.DeepEqual(t, lines(left)[:1], []string{"memory: memory.limit_in_bytes = 1000 (again)"}, cmp.AllowUnexported())
	assert.Equal(t, len((&Host{}).Adjust(r)), 0, "a second time there is nothing to drop")
}

func TestAdjustLeavesAloneWhatTheHostHas(t *testing.T) {
	all := features{
		reservation: true, swap: true, swappiness: true, kernelMemory: true, kernelMemoryTCP: true, oomDisable: true, cpuShares: true, cpuQuota: true,
		cpuRealtime: true, weight: true, weightDevice: true, readBps: true, writeBps: true, readIOps: true, writeIOps: true,
	}
	h := &Host{Controllers: map[string]bool{"pids": true, "memory": true}, features: all}
	r := everything()
	assert.Equal(t, len(h.Adjust(r)), 0)
	assert.DeepEqual(t, r, everything())

	r = &specs.LinuxResources{Memory: &specs.LinuxMemory{DisableOOMKiller: ptr(true)}}
	assert.DeepEqual(t, h.Adjust(r), []string{
		"OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
	})
}

func TestBlockStatsOfBothVersions(t *testing.T) {
	assert.DeepEqual(t, parseBlockIO("8:0 Read 4096\n8:0 Write 0\n8:0 Total 4096\n253:2 17\nTotal 4096\ngarbage\n8:x Read 1\n"), []IOEntry{
		{8, 0, "Read", 4096}, {8, 0, "Write", 0}, {8, 0, "Total", 4096}, {253, 2, "", 17},
	})
	s := parseIO("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n7:1 rbytes=x\n\nnothing\n")
	assert.DeepEqual(t, s.Bytes, []IOEntry{{8, 0, "Read", 1}, {8, 0, "Write", 2}})
	assert.DeepEqual(t, s.Operations, []IOEntry{{8, 0, "Read", 3}, {8, 0, "Write", 4}})
}

func TestMountsShowTheContainerItsGroups(t *testing.T) {
	text := func(mounts []specs.Mount) string {
		var b strings.Builder
		for _, m := range mounts {
			fmt.Fprintf(&b, "%s %s %s %s\n", m.Type, m.Source, m.Destination, strings.Join(m.Options, ","))
		}
		return b.String()
	}
	list := func(h *Host) string { return text(h.Open("/tug", "one").Mounts()) }
	bound := func(h *Host) string { return text(h.Open("/tug", "one").HostMounts()) }
	assert.Equal(t, bound(&Host{V2: true, hierarchies: []hierarchy{{dir: "/sys/fs/cgroup"}}}),
		"bind /sys/fs/cgroup /sys/fs/cgroup bind,nosuid,noexec,nodev,relatime,ro\n")
	assert.Equal(t, bound(&Host{hierarchies: []hierarchy{{"/y", []string{"pids"}}}}),
		`tmpfs tmpfs /sys/fs/cgroup nosuid,noexec,nodev,mode=755
bind /y/tug/one /sys/fs/cgroup/pids bind,nosuid,noexec,nodev,relatime,ro
tmpfs tmpfs /sys/fs/cgroup remount,nosuid,noexec,nodev,mode=755,ro
`)
	assert.Equal(t, list(&Host{V2: true, hierarchies: []hierarchy{{dir: "/sys/fs/cgroup"}}}),
		"cgroup2 cgroup /sys/fs/cgroup nosuid,noexec,nodev,relatime,ro\n")
	assert.Equal(t, list(&Host{hierarchies: []hierarchy{{"/x", []string{"cpu", "cpuacct"}}, {"/y", []string{"pids"}}, {"/z", []string{"name=systemd"}}}}),
		`tmpfs tmpfs /sys/fs/cgroup nosuid,noexec,nodev,mode=755
cgroup cgroup /sys/fs/cgroup/cpu,cpuacct nosuid,noexec,nodev,relatime,ro,cpu,cpuacct
symlink cpu,cpuacct /sys/fs/cgroup/cpu 
symlink cpu,cpuacct /sys/fs/cgroup/cpuacct 
cgroup cgroup /sys/fs/cgroup/pids nosuid,noexec,nodev,relatime,ro,pids
cgroup cgroup /sys/fs/cgroup/systemd nosuid,noexec,nodev,relatime,ro,name=systemd
tmpfs tmpfs /sys/fs/cgroup remount,nosuid,noexec,nodev,mode=755,ro
`)
}

func TestKernelVersions(t *testing.T) {
	for release, want := range map[string][2]int{"6.12.3-amd64": {6, 12}, "5.10": {5, 10}, "7.0-rc1": {7, 0}, "": {0, 0}, "x": {0, 0}} {
		major, minor := versionOf(release)
		assert.Equal(t, [2]int{major, minor}, want, "%q", release)
	}
}

func FuzzTableOfMounts(f *testing.F) {
	f.Add("6 2 0:5 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n4 2 0:3 / /c rw - cgroup cgroup rw,memory\n")
	f.Fuzz(func(t *testing.T, table string) {
		v2, hierarchies, err := findHierarchies(strings.NewReader(table), func(string, int64) bool { return true })
		assert.Assert(t, err != nil || len(hierarchies) > 0)
		assert.Assert(t, !v2 || len(hierarchies) == 1)
	})
}
