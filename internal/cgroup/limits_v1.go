package cgroup

import (
	"fmt"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// settingsV1 translates limits for version 1. It touches nothing.
func settingsV1(r *specs.LinuxResources, f features) ([]setting, error) {
	if len(r.Unified) > 0 {
		return nil, fmt.Errorf("unified cgroup settings: this host has cgroup version 1: %w", errdefs.ErrFailedPrecondition)
	}
	var list []setting
	add := func(s ...setting) { list = append(list, s...) }
	if r.Memory != nil {
		memory, err := memoryV1(r.Memory)
		if err != nil {
			return nil, err
		}
		add(memory...)
	}
	if r.CPU != nil {
		cpu, err := cpuV1(r.CPU)
		if err != nil {
			return nil, err
		}
		add(cpu...)
	}
	add(pids(r.Pids)...)
	if r.BlockIO != nil {
		add(blockIOV1(r.BlockIO, f)...)
	}
	for _, h := range r.HugepageLimits {
		limit := strconv.FormatUint(h.Limit, 10)
		add(setting{controller: "hugetlb", file: "hugetlb." + h.Pagesize + ".limit_in_bytes", value: limit, what: "huge page limit"},
			setting{controller: "hugetlb", file: "hugetlb." + h.Pagesize + ".rsvd.limit_in_bytes", value: limit, what: "huge page limit", optional: true})
	}
	if n := r.Network; n != nil {
		if n.ClassID != nil && *n.ClassID != 0 {
			add(setting{controller: "net_cls", file: "net_cls.classid", value: strconv.FormatUint(uint64(*n.ClassID), 10), what: "network class"})
		}
		for _, p := range n.Priorities {
			add(setting{controller: "net_prio", file: "net_prio.ifpriomap", value: fmt.Sprintf("%s %d", p.Name, p.Priority), what: "network priority"})
		}
	}
	add(rdma(r.Rdma)...)
	return list, nil
}

func memoryV1(m *specs.LinuxMemory) ([]setting, error) {
	var list []setting
	add := func(file, what string, value *int64) {
		if value != nil && *value != 0 {
			list = append(list, setting{controller: "memory", file: file, value: strconv.FormatInt(*value, 10), what: what})
		}
	}
	swap, swapOptional := m.Swap, false
	if set(m.Limit) && *m.Limit == -1 && !set(m.Swap) { // no limit for memory means none for both
		swap, swapOptional = m.Limit, true
	}
	// The kernel refuses whichever would for a moment be on the wrong side of the other.
	add("memory.limit_in_bytes", "memory limit (--memory)", m.Limit)
	if set(m.Limit) {
		list[len(list)-1].again = true
	}
	add("memory.memsw.limit_in_bytes", "memory and swap limit (--memory-swap)", swap)
	if set(swap) {
		list[len(list)-1].optional = swapOptional
	}
	add("memory.soft_limit_in_bytes", "memory reservation (--memory-reservation)", m.Reservation)
	//lint:ignore SA1019 old clients still send it
	add("memory.kmem.limit_in_bytes", "kernel memory limit (--kernel-memory)", m.Kernel)
	add("memory.kmem.tcp.limit_in_bytes", "kernel memory limit for TCP", m.KernelTCP)
	if s := m.Swappiness; s != nil && int64(*s) != -1 {
		if *s > 100 {
			return nil, fmt.Errorf("memory swappiness (--memory-swappiness) is a number from 0 to 100, not %d: %w", *s, errdefs.ErrInvalidArgument)
		}
		list = append(list, setting{
			controller: "memory", file: "memory.swappiness", value: strconv.FormatUint(*s, 10), what: "memory swappiness (--memory-swappiness)",
		})
	}
	if d := m.DisableOOMKiller; d != nil && *d {
		list = append(list, setting{controller: "memory", file: "memory.oom_control", value: "1", what: "no killing when out of memory (--oom-kill-disable)"})
	}
	return list, nil
}

func cpuV1(c *specs.LinuxCPU) ([]setting, error) {
	var list []setting
	add := func(s setting) { list = append(list, s) }
	if c.Shares != nil && *c.Shares != 0 {
		if err := checkShares(*c.Shares); err != nil {
			return nil, err
		}
		add(setting{controller: "cpu", file: "cpu.shares", value: strconv.FormatUint(*c.Shares, 10), what: "CPU shares (--cpu-shares)"})
	}
	// A period may only fit the parent's together with its quota, and a burst with a larger one.
	if c.Period != nil && *c.Period != 0 {
		add(setting{controller: "cpu", file: "cpu.cfs_period_us", value: strconv.FormatUint(*c.Period, 10), what: "CPU period (--cpu-period)", again: true})
	}
	if c.Burst != nil {
		add(setting{controller: "cpu", file: "cpu.cfs_burst_us", value: strconv.FormatUint(*c.Burst, 10), what: "CPU burst", again: true})
	}
	if set(c.Quota) {
		add(setting{controller: "cpu", file: "cpu.cfs_quota_us", value: strconv.FormatInt(*c.Quota, 10), what: "CPU quota (--cpus, --cpu-quota)"})
	}
	if c.Idle != nil {
		add(setting{controller: "cpu", file: "cpu.idle", value: strconv.FormatInt(*c.Idle, 10), what: "CPU idle"})
	}
	if c.RealtimePeriod != nil && *c.RealtimePeriod != 0 {
		add(setting{controller: "cpu", file: "cpu.rt_period_us", value: strconv.FormatUint(*c.RealtimePeriod, 10), what: "real-time CPU period (--cpu-rt-period)", again: true})
	}
	if set(c.RealtimeRuntime) {
		add(setting{controller: "cpu", file: "cpu.rt_runtime_us", value: strconv.FormatInt(*c.RealtimeRuntime, 10), what: "real-time CPU runtime (--cpu-rt-runtime)"})
	}
	return append(list, cpuset(c)...), nil
}

// cpuset is the same in both versions.
func cpuset(c *specs.LinuxCPU) []setting {
	var list []setting
	if c.Cpus != "" {
		list = append(list, setting{controller: "cpuset", file: "cpuset.cpus", value: c.Cpus, what: "processors (--cpuset-cpus)"})
	}
	if c.Mems != "" {
		list = append(list, setting{controller: "cpuset", file: "cpuset.mems", value: c.Mems, what: "memory nodes (--cpuset-mems)"})
	}
	return list
}

// checkShares keeps to the kernel's range, beyond which it would silently take another value.
func checkShares(shares uint64) error {
	const least, most = 2, 262144
	if shares < least || shares > most {
		return fmt.Errorf("CPU shares (--cpu-shares) are a number from %d to %d, not %d: %w", least, most, shares, errdefs.ErrInvalidArgument)
	}
	return nil
}

// pids is the same in both versions. No limit is 0 or less, as with Docker; a limit that is not given leaves the present one.
func pids(p *specs.LinuxPids) []setting {
	if p == nil || p.Limit == nil {
		return nil
	}
	value := "max"
	if *p.Limit > 0 {
		value = strconv.FormatInt(*p.Limit, 10)
	}
	return []setting{{controller: "pids", file: "pids.max", value: value, what: "limit of processes (--pids-limit)", optional: value == "max"}}
}

func blockIOV1(b *specs.LinuxBlockIO, f features) []setting {
	var list []setting
	add := func(file, value, what string) {
		list = append(list, setting{controller: "blkio", file: file, value: value, what: what})
	}
	orPlain := func(file, plain string) string { // an error should name some file
		if file == "" {
			return plain
		}
		return file
	}
	if b.Weight != nil && *b.Weight != 0 {
		add(orPlain(f.weightFile, "blkio.weight"), strconv.Itoa(int(*b.Weight)), "block I/O weight (--blkio-weight)")
	}
	if b.LeafWeight != nil && *b.LeafWeight != 0 {
		add("blkio.leaf_weight", strconv.Itoa(int(*b.LeafWeight)), "block I/O leaf weight")
	}
	for _, w := range b.WeightDevice {
		if w.Weight != nil {
			add(orPlain(f.weightDeviceFile, "blkio.weight_device"), fmt.Sprintf("%d:%d %d", w.Major, w.Minor, *w.Weight), "block I/O weight of a device (--blkio-weight-device)")
		}
		if w.LeafWeight != nil {
			add("blkio.leaf_weight_device", fmt.Sprintf("%d:%d %d", w.Major, w.Minor, *w.LeafWeight), "block I/O leaf weight of a device")
		}
	}
	throttle := func(file, what string, devices []specs.LinuxThrottleDevice) {
		for _, d := range devices {
			add(file, fmt.Sprintf("%d:%d %d", d.Major, d.Minor, d.Rate), what)
		}
	}
	throttle("blkio.throttle.read_bps_device", "read rate of a device (--device-read-bps)", b.ThrottleReadBpsDevice)
	throttle("blkio.throttle.write_bps_device", "write rate of a device (--device-write-bps)", b.ThrottleWriteBpsDevice)
	throttle("blkio.throttle.read_iops_device", "reads per second of a device (--device-read-iops)", b.ThrottleReadIOPSDevice)
	throttle("blkio.throttle.write_iops_device", "writes per second of a device (--device-write-iops)", b.ThrottleWriteIOPSDevice)
	return list
}

// rdma is the same in both versions.
func rdma(limits map[string]specs.LinuxRdma) []setting {
	var list []setting
	for device, limit := range limits {
		value := device
		if limit.HcaHandles != nil {
			value += fmt.Sprintf(" hca_handle=%d", *limit.HcaHandles)
		}
		if limit.HcaObjects != nil {
			value += fmt.Sprintf(" hca_object=%d", *limit.HcaObjects)
		}
		list = append(list, setting{controller: "rdma", file: "rdma.max", value: value, what: "RDMA limit"})
	}
	return list
}

func set(n *int64) bool { return n != nil && *n != 0 }
