package api

import (
	"github.com/moby/moby/api/types/blkiodev"
	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
)

// showResources converts limits.
func showResources(r *container.Resources) moby.Resources {
	out := moby.Resources{
		CPUShares:            r.CPUShares,
		Memory:               r.Memory,
		NanoCPUs:             r.NanoCPUs,
		CgroupParent:         r.CgroupParent,
		BlkioWeight:          r.BlkioWeight,
		BlkioWeightDevice:    make([]*blkiodev.WeightDevice, 0, len(r.BlkioWeightDevice)),
		BlkioDeviceReadBps:   showThrottles(r.BlkioDeviceReadBps),
		BlkioDeviceWriteBps:  showThrottles(r.BlkioDeviceWriteBps),
		BlkioDeviceReadIOps:  showThrottles(r.BlkioDeviceReadIOps),
		BlkioDeviceWriteIOps: showThrottles(r.BlkioDeviceWriteIOps),
		CPUPeriod:            r.CPUPeriod,
		CPUQuota:             r.CPUQuota,
		CPURealtimePeriod:    r.CPURealtimePeriod,
		CPURealtimeRuntime:   r.CPURealtimeRuntime,
		CpusetCpus:           r.CpusetCpus,
		CpusetMems:           r.CpusetMems,
		Devices:              make([]moby.DeviceMapping, 0, len(r.Devices)),
		DeviceCgroupRules:    r.DeviceCgroupRules,
		MemoryReservation:    r.MemoryReservation,
		MemorySwap:           r.MemorySwap,
		MemorySwappiness:     r.MemorySwappiness,
		OomKillDisable:       r.OomKillDisable,
		PidsLimit:            r.PidsLimit,
	}
	if out.MemorySwappiness != nil && *out.MemorySwappiness == -1 {
		out.MemorySwappiness = nil // the kernel's own
	}
	for _, d := range r.BlkioWeightDevice {
		out.BlkioWeightDevice = append(out.BlkioWeightDevice, &blkiodev.WeightDevice{Path: d.Path, Weight: d.Weight})
	}
	for _, d := range r.Devices {
		out.Devices = append(out.Devices, moby.DeviceMapping(d))
	}
	for _, d := range r.DeviceRequests {
		out.DeviceRequests = append(out.DeviceRequests, moby.DeviceRequest(d))
	}
	for _, u := range r.Ulimits {
		out.Ulimits = append(out.Ulimits, &moby.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	return out
}

func showThrottles(in []container.ThrottleDevice) []*blkiodev.ThrottleDevice {
	out := make([]*blkiodev.ThrottleDevice, 0, len(in))
	for _, d := range in {
		out = append(out, &blkiodev.ThrottleDevice{Path: d.Path, Rate: d.Rate})
	}
	return out
}
