package cgroup

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// features are limits that a kernel may lack though it has their controller.
type features struct {
	reservation, swap, swappiness, kernelMemory, kernelMemoryTCP, oomDisable bool
	cpuShares, cpuQuota, cpuRealtime                                         bool
	weight, weightDevice                                                     bool
	weightFile, weightDeviceFile                                             string // version 1
	readBps, writeBps, readIOps, writeIOps                                   bool
}

// findFeatures looks at the files of the roots and, on version 2, whose root has hardly any, at what they depend on.
func (h *Host) findFeatures() features {
	if h.V2 {
		memory, cpu, io := h.Controllers["memory"], h.Controllers["cpu"], h.Controllers["io"]
		root := h.hierarchies[0].dir
		weight := io && (exists(root, "io.cost.qos") || exists("/sys/module", "bfq"))
		return features{
			reservation: memory, swap: memory && swapAccounted(),
			cpuShares: cpu, cpuQuota: cpu,
			weight: weight, weightDevice: weight,
			readBps: io, writeBps: io, readIOps: io, writeIOps: io,
		}
	}
	has := func(controller, file string) bool {
		in, ok := h.holder(controller)
		return ok && exists(in.dir, file)
	}
	f := features{
		reservation: has("memory", "memory.soft_limit_in_bytes"),
		swap:        has("memory", "memory.memsw.limit_in_bytes"),
		swappiness:  has("memory", "memory.swappiness"),
		// Since 5.16 the file is there and takes nothing.
		kernelMemory:    has("memory", "memory.kmem.limit_in_bytes") && !kernelAtLeast(5, 16),
		kernelMemoryTCP: has("memory", "memory.kmem.tcp.limit_in_bytes"),
		oomDisable:      has("memory", "memory.oom_control"),
		cpuShares:       has("cpu", "cpu.shares"),
		cpuQuota:        has("cpu", "cpu.cfs_quota_us"),
		cpuRealtime:     has("cpu", "cpu.rt_runtime_us"),
		readBps:         has("blkio", "blkio.throttle.read_bps_device"),
		writeBps:        has("blkio", "blkio.throttle.write_bps_device"),
		readIOps:        has("blkio", "blkio.throttle.read_iops_device"),
		writeIOps:       has("blkio", "blkio.throttle.write_iops_device"),
	}
	switch {
	case has("blkio", "blkio.weight"):
		f.weight, f.weightFile = true, "blkio.weight"
		f.weightDevice, f.weightDeviceFile = has("blkio", "blkio.weight_device"), "blkio.weight_device"
	case has("blkio", "blkio.bfq.io_serviced"): // the weight itself is not in the root
		f.weight, f.weightFile = true, "blkio.bfq.weight"
		f.weightDevice, f.weightDeviceFile = true, "blkio.bfq.weight_device"
	}
	return f
}

func exists(dir, file string) bool {
	_, err := os.Lstat(filepath.Join(dir, file))
	return err == nil
}

// swapAccounted says whether groups of version 2 have a limit for swap.
func swapAccounted() bool {
	if !exists("/proc", "swaps") { // a kernel without swap
		return false
	}
	line, err := os.ReadFile("/proc/cmdline")
	return err != nil || !strings.Contains(string(line), "swapaccount=0")
}

// kernelAtLeast compares the running kernel's version; one that cannot be read counts as old.
func kernelAtLeast(major, minor int) bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	m, n := versionOf(unix.ByteSliceToString(name.Release[:]))
	return m > major || m == major && n >= minor
}

// versionOf reads the first two numbers of a kernel's release, like "6.12.3-amd64".
func versionOf(release string) (major, minor int) {
	numbers := [2]int{}
	for i, part := range strings.SplitN(release, ".", 3) {
		if i == len(numbers) {
			break
		}
		for _, c := range part {
			if c < '0' || c > '9' {
				break
			}
			numbers[i] = numbers[i]*10 + int(c-'0')
		}
	}
	return numbers[0], numbers[1]
}

// Support says which kinds of limits groups of this host can have.
type Support struct {
	Memory, Swap, Swappiness, Reservation, KernelMemory, KernelMemoryTCP, OOMKillDisable bool
	CPUShares, CPUQuota, CPURealtime, Cpuset, Pids, Hugepages                            bool
	BlockWeight, BlockWeightDevice, ReadBps, WriteBps, ReadIOps, WriteIOps               bool
}

// Support is for `info`, and for those who want to know before they ask.
func (h *Host) Support() Support {
	f := h.features
	return Support{
		Memory: h.Controllers["memory"], Swap: f.swap, Swappiness: f.swappiness, Reservation: f.reservation,
		KernelMemory: f.kernelMemory, KernelMemoryTCP: f.kernelMemoryTCP, OOMKillDisable: f.oomDisable,
		CPUShares: f.cpuShares, CPUQuota: f.cpuQuota, CPURealtime: f.cpuRealtime, Cpuset: h.Controllers["cpuset"],
		Pids: h.Controllers["pids"], Hugepages: h.Controllers["hugetlb"],
		BlockWeight: f.weight, BlockWeightDevice: f.weightDevice,
		ReadBps: f.readBps, WriteBps: f.writeBps, ReadIOps: f.readIOps, WriteIOps: f.writeIOps,
	}
}

// Warnings says what this host lacks, in the words of `docker info`.
func (h *Host) Warnings() []string {
	var warnings []string
	lacks := func(has bool, what string) {
		if !has {
			warnings = append(warnings, "WARNING: No "+what+" support")
		}
	}
	f := h.features
	lacks(h.Controllers["memory"], "memory limit")
	lacks(f.swap, "swap limit")
	if !h.V2 { // where version 2 has none of these, that is no fault of the host
		lacks(f.oomDisable, "oom kill disable")
	}
	lacks(f.cpuQuota, "cpu cfs quota")
	lacks(f.cpuQuota, "cpu cfs period")
	lacks(f.cpuShares, "cpu shares")
	lacks(h.Controllers["cpuset"], "cpuset")
	lacks(h.Controllers["pids"], "pids limit")
	if h.V2 {
		lacks(f.weight, "io.weight")
		lacks(f.weightDevice, "io.weight (per device)")
		lacks(f.readBps, "io.max (rbps)")
		lacks(f.writeBps, "io.max (wbps)")
		lacks(f.readIOps, "io.max (riops)")
		lacks(f.writeIOps, "io.max (wiops)")
		return warnings
	}
	lacks(f.weight, "blkio weight")
	lacks(f.weightDevice, "blkio weight_device")
	lacks(f.readBps, "blkio throttle.read_bps_device")
	lacks(f.writeBps, "blkio throttle.write_bps_device")
	lacks(f.readIOps, "blkio throttle.read_iops_device")
	lacks(f.writeIOps, "blkio throttle.write_iops_device")
	return warnings
}
