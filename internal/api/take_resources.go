package api

import (
	"github.com/moby/moby/api/types/blkiodev"
	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
)

// takeResources converts limits. A list that holds null is refused: it would be a device without a name.
func takeResources(r *moby.Resources) (container.Resources, error) {
	out := container.Resources{
		CPUShares:          r.CPUShares,
		Memory:             r.Memory,
		NanoCPUs:           r.NanoCPUs,
		CgroupParent:       r.CgroupParent,
		BlkioWeight:        r.BlkioWeight,
		CPUPeriod:          r.CPUPeriod,
		CPUQuota:           r.CPUQuota,
		CPURealtimePeriod:  r.CPURealtimePeriod,
		CPURealtimeRuntime: r.CPURealtimeRuntime,
		CpusetCpus:         r.CpusetCpus,
		CpusetMems:         r.CpusetMems,
		DeviceCgroupRules:  r.DeviceCgroupRules,
		MemoryReservation:  r.MemoryReservation,
		MemorySwap:         r.MemorySwap,
		MemorySwappiness:   r.MemorySwappiness,
		OomKillDisable:     r.OomKillDisable,
		PidsLimit:          r.PidsLimit,
	}
	for _, d := range r.Devices {
		out.Devices = append(out.Devices, container.Device(d))
	}
	for _, d := range r.DeviceRequests {
		out.DeviceRequests = append(out.DeviceRequests, container.DeviceRequest(d))
	}
	var err error
	if out.BlkioWeightDevice, err = listed("BlkioWeightDevice", r.BlkioWeightDevice, takeWeight); err != nil {
		return out, err
	}
	if out.BlkioDeviceReadBps, err = listed("BlkioDeviceReadBps", r.BlkioDeviceReadBps, takeThrottle); err != nil {
		return out, err
	}
	if out.BlkioDeviceWriteBps, err = listed("BlkioDeviceWriteBps", r.BlkioDeviceWriteBps, takeThrottle); err != nil {
		return out, err
	}
	if out.BlkioDeviceReadIOps, err = listed("BlkioDeviceReadIOps", r.BlkioDeviceReadIOps, takeThrottle); err != nil {
		return out, err
	}
	if out.BlkioDeviceWriteIOps, err = listed("BlkioDeviceWriteIOps", r.BlkioDeviceWriteIOps, takeThrottle); err != nil {
		return out, err
	}
	out.Ulimits, err = listed("Ulimits", r.Ulimits, takeUlimit)
	return out, err
}

func takeWeight(d *blkiodev.WeightDevice) container.WeightDevice { return container.WeightDevice(*d) }

func takeThrottle(d *blkiodev.ThrottleDevice) container.ThrottleDevice {
	return container.ThrottleDevice(*d)
}

func takeUlimit(u *moby.Ulimit) container.Ulimit {
	return container.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard}
}

// listed converts a list; an empty one stays what it was, since an update tells "none" ([]) from "as before" (null).
func listed[From, To any](name string, list []*From, convert func(*From) To) ([]To, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]To, len(list))
	for i, v := range list {
		if v == nil {
			return nil, invalid("invalid %s: entry %d is null", name, i)
		}
		out[i] = convert(v)
	}
	return out, nil
}
