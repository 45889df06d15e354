package cgroup

import "github.com/opencontainers/runtime-spec/specs-go"

// Adjust drops from r the limits that this host cannot set and without which Docker starts a container all the same, and
// says so in Docker's words. What is left and still not possible, such as a memory limit without a memory controller, is an error of Create.
func (h *Host) Adjust(r *specs.LinuxResources) (warnings []string) {
	if r == nil {
		return nil
	}
	warn := func(words string) { warnings = append(warnings, words) }
	f := h.features
	if m := r.Memory; m != nil {
		h.adjustMemory(m, warn)
	}
	if p := r.Pids; p != nil && p.Limit != nil && !h.Controllers["pids"] {
		if *p.Limit > 0 {
			warn("Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.")
		}
		r.Pids = nil
	}
	if c := r.CPU; c != nil {
		if c.Shares != nil && *c.Shares > 0 && !f.cpuShares {
			warn("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.")
			c.Shares = nil
		}
		if (set(c.RealtimeRuntime) || c.RealtimePeriod != nil && *c.RealtimePeriod != 0) && !f.cpuRealtime {
			warn("Your kernel does not support CPU real-time scheduler or the cgroup is not mounted. CPU real-time period/runtime discarded.")
			c.RealtimeRuntime, c.RealtimePeriod = nil, nil
		}
	}
	if b := r.BlockIO; b != nil {
		adjustBlockIO(b, f, warn)
	}
	return warnings
}

func (h *Host) adjustMemory(m *specs.LinuxMemory, warn func(string)) {
	f := h.features
	if set(m.Limit) && *m.Limit > 0 && set(m.Swap) && *m.Swap != -1 && !f.swap {
		warn("Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.")
		m.Swap = nil
	}
	if !f.swap && set(m.Swap) && *m.Swap == -1 {
		m.Swap = nil // without accounting, swap has no limit anyway
	}
	if m.Swappiness != nil && !f.swappiness {
		if int64(*m.Swappiness) != -1 {
			warn("Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.")
		}
		m.Swappiness = nil
	}
	if set(m.Reservation) && !f.reservation {
		warn("Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.")
		m.Reservation = nil
	}
	//lint:ignore SA1019 old clients still send it
	if set(m.Kernel) && !f.kernelMemory {
		warn("Your kernel does not support kernel memory limit capabilities or the cgroup is not mounted. Limitation discarded.")
		//lint:ignore SA1019 old clients still send it
		m.Kernel = nil
	}
	if set(m.KernelTCP) && !f.kernelMemoryTCP {
		warn("Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not mounted. Limitation discarded.")
		m.KernelTCP = nil
	}
	if m.DisableOOMKiller != nil && !f.oomDisable {
		if *m.DisableOOMKiller {
			warn("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
		}
		m.DisableOOMKiller = nil
	}
	if m.DisableOOMKiller != nil && *m.DisableOOMKiller && !set(m.Limit) {
		warn("OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.")
	}
}

func adjustBlockIO(b *specs.LinuxBlockIO, f features, warn func(string)) {
	if b.Weight != nil && *b.Weight > 0 && !f.weight {
		warn("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.")
		b.Weight = nil
	}
	if len(b.WeightDevice) > 0 && !f.weightDevice {
		warn("Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.")
		b.WeightDevice = nil
	}
	for _, throttle := range []struct {
		devices     *[]specs.LinuxThrottleDevice
		has         bool
		what, limit string
	}{
		{&b.ThrottleReadBpsDevice, f.readBps, "BPS Block I/O read", "Block I/O BPS read"},
		{&b.ThrottleWriteBpsDevice, f.writeBps, "BPS Block I/O write", "Block I/O BPS write"},
		{&b.ThrottleReadIOPSDevice, f.readIOps, "IOPS Block read", "Block I/O IOPS read"},
		{&b.ThrottleWriteIOPSDevice, f.writeIOps, "IOPS Block write", "Block I/O IOPS write"},
	} {
		if len(*throttle.devices) > 0 && !throttle.has {
			warn("Your kernel does not support " + throttle.what + " limit or the cgroup is not mounted. " + throttle.limit + " limit discarded.")
			*throttle.devices = nil
		}
	}
}
