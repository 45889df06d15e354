package cgroup

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// coreController stands for the files that every group of version 2 has (cgroup.*).
const coreController = "cgroup"

// settingsV2 translates limits for version 2, where many have another name and another scale. It touches nothing.
func settingsV2(r *specs.LinuxResources) ([]setting, error) {
	var list []setting
	add := func(s []setting, err error) error {
		list = append(list, s...)
		return err
	}
	if r.Memory != nil {
		if err := add(memoryV2(r.Memory)); err != nil {
			return nil, err
		}
	}
	if r.CPU != nil {
		if err := add(cpuV2(r.CPU)); err != nil {
			return nil, err
		}
	}
	list = append(list, pids(r.Pids)...)
	if r.BlockIO != nil {
		if err := add(ioV2(r.BlockIO)); err != nil {
			return nil, err
		}
	}
	for _, h := range r.HugepageLimits {
		limit := strconv.FormatUint(h.Limit, 10)
		list = append(list,
			setting{controller: "hugetlb", file: "hugetlb." + h.Pagesize + ".max", value: limit, what: "huge page limit"},
			setting{controller: "hugetlb", file: "hugetlb." + h.Pagesize + ".rsvd.max", value: limit, what: "huge page limit", optional: true})
	}
	list = append(list, rdma(r.Rdma)...)
	if err := add(unified(r.Unified)); err != nil {
		return nil, err
	}
	return list, nil
}

func memoryV2(m *specs.LinuxMemory) ([]setting, error) {
	var list []setting
	add := func(file, what string, value int64) {
		list = append(list, setting{controller: "memory", file: file, value: orMax(value), what: what})
	}
	limit, swap := deref(m.Limit), deref(m.Swap)
	// The specification's swap limit is memory and swap together.
	swapOnly, err := cgroups.ConvertMemorySwapToCgroupV2Value(swap, limit)
	if err != nil {
		return nil, fmt.Errorf("memory and swap limit (--memory-swap): %w: %w", err, errdefs.ErrInvalidArgument)
	}
	if swapOnly != 0 || swap > 0 {
		add("memory.swap.max", "memory and swap limit (--memory-swap)", swapOnly)
		list[0].optional = swapOnly <= 0 // without accounting of swap there is none to forbid
	}
	if limit != 0 {
		add("memory.max", "memory limit (--memory)", limit)
	}
	if set(m.Reservation) {
		add("memory.low", "memory reservation (--memory-reservation)", *m.Reservation)
	}
	return list, nil
}

func cpuV2(c *specs.LinuxCPU) ([]setting, error) {
	var list []setting
	add := func(s setting) { list = append(list, s) }
	if c.Idle != nil {
		add(setting{controller: "cpu", file: "cpu.idle", value: strconv.FormatInt(*c.Idle, 10), what: "CPU idle"})
	}
	if c.Shares != nil && *c.Shares != 0 {
		if err := checkShares(*c.Shares); err != nil {
			return nil, err
		}
		weight := cgroups.ConvertCPUSharesToCgroupV2Value(*c.Shares)
		add(setting{controller: "cpu", file: "cpu.weight", value: strconv.FormatUint(weight, 10), what: "CPU shares (--cpu-shares)"})
	}
	if c.Burst != nil {
		add(setting{controller: "cpu", file: "cpu.max.burst", value: strconv.FormatUint(*c.Burst, 10), what: "CPU burst", again: true})
	}
	quota, period := deref(c.Quota), uint64(0)
	if c.Period != nil {
		period = *c.Period
	}
	if quota != 0 || period != 0 {
		value := "max"
		if quota > 0 {
			value = strconv.FormatInt(quota, 10)
		}
		if period != 0 {
			value += " " + strconv.FormatUint(period, 10)
		}
		add(setting{controller: "cpu", file: "cpu.max", value: value, what: "CPU quota (--cpus, --cpu-quota, --cpu-period)"})
	}
	return append(list, cpuset(c)...), nil
}

func ioV2(b *specs.LinuxBlockIO) ([]setting, error) {
	var list []setting
	add := func(s setting) { s.controller = "io"; list = append(list, s) }
	if b.Weight != nil && *b.Weight != 0 {
		const what = "block I/O weight (--blkio-weight)"
		if *b.Weight < 10 || *b.Weight > 1000 {
			return nil, fmt.Errorf("%s is a number from 10 to 1000, not %d: %w", what, *b.Weight, errdefs.ErrInvalidArgument)
		}
		// A kernel has one of these, or both, and then it depends on a device's scheduler which one counts. BFQ's has the specification's scale.
		weight := cgroups.ConvertBlkIOToIOWeightValue(*b.Weight)
		plain := setting{controller: "io", file: "io.weight", value: strconv.FormatUint(weight, 10), what: what}
		add(setting{file: "io.bfq.weight", value: strconv.Itoa(int(*b.Weight)), what: what, otherwise: &plain})
		also := plain
		also.optional = true
		add(also)
	}
	for _, w := range b.WeightDevice {
		if w.Weight != nil {
			add(setting{
				file: "io.bfq.weight", value: fmt.Sprintf("%d:%d %d", w.Major, w.Minor, *w.Weight), what: "block I/O weight of a device (--blkio-weight-device)",
			})
		}
	}
	throttle := func(key, what string, devices []specs.LinuxThrottleDevice) {
		for _, d := range devices {
			rate := strconv.FormatUint(d.Rate, 10)
			if d.Rate == 0 {
				rate = "max"
			}
			add(setting{file: "io.max", value: fmt.Sprintf("%d:%d %s=%s", d.Major, d.Minor, key, rate), what: what})
		}
	}
	throttle("rbps", "read rate of a device (--device-read-bps)", b.ThrottleReadBpsDevice)
	throttle("wbps", "write rate of a device (--device-write-bps)", b.ThrottleWriteBpsDevice)
	throttle("riops", "reads per second of a device (--device-read-iops)", b.ThrottleReadIOPSDevice)
	throttle("wiops", "writes per second of a device (--device-write-iops)", b.ThrottleWriteIOPSDevice)
	return list, nil
}

// unified are files named as they are; a value may have several lines, of which the kernel takes one at a time.
func unified(values map[string]string) ([]setting, error) {
	var list []setting
	for _, file := range slices.Sorted(maps.Keys(values)) {
		controller, _, ok := strings.Cut(file, ".")
		if !ok || strings.Contains(file, "/") {
			return nil, fmt.Errorf("unified cgroup setting %q is not of the form CONTROLLER.NAME: %w", file, errdefs.ErrInvalidArgument)
		}
		for line := range strings.Lines(values[file]) {
			if line = strings.TrimRight(line, "\n"); line != "" {
				list = append(list, setting{controller: controller, file: file, value: line, what: "unified cgroup setting " + file})
			}
		}
	}
	return list, nil
}

// orMax writes a limit, of which -1 is none.
func orMax(n int64) string {
	if n < 0 {
		return "max"
	}
	return strconv.FormatInt(n, 10)
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
