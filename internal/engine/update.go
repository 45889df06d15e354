package engine

import (
	"context"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/oci"
)

// Update changes the limits and the restart policy of a container; what is zero stays. Errors: NotFound, Conflict,
// InvalidArgument.
func (e *Engine) Update(ctx context.Context, ref string, limits container.Resources, policy *container.RestartPolicy) (warnings []string, err error) {
	r, release, err := e.containers.Claim(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer release()
	h := r.Host
	overlayLimits(&h.Resources, limits)
	if policy != nil {
		if h.AutoRemove && policy.Name != "no" && policy.Name != "" {
			return nil, invalid("Restart policy cannot be updated because AutoRemove is enabled for the container")
		}
		h.RestartPolicy = *policy
	}
	if err := checkLimits(&h); err != nil {
		return nil, err
	}
	resources, err := oci.Resources(&h.Resources, nil)
	if err != nil {
		return nil, err
	}
	warnings = e.cgroups.Adjust(resources)
	changed, err := e.changeLimits(r, h, resources)
	if err == nil {
		e.publish(changed, events.Update)
	}
	return warnings, err
}

// overlayLimits puts the limits that are said over those that are.
func overlayLimits(to *container.Resources, from container.Resources) {
	set := func(to *int64, from int64) {
		if from != 0 {
			*to = from
		}
	}
	set(&to.CPUShares, from.CPUShares)
	set(&to.Memory, from.Memory)
	set(&to.MemoryReservation, from.MemoryReservation)
	set(&to.MemorySwap, from.MemorySwap)
	set(&to.CPUPeriod, from.CPUPeriod)
	set(&to.CPUQuota, from.CPUQuota)
	set(&to.CPURealtimePeriod, from.CPURealtimePeriod)
	set(&to.CPURealtimeRuntime, from.CPURealtimeRuntime)
	if from.NanoCPUs != 0 {
		to.NanoCPUs, to.CPUPeriod, to.CPUQuota = from.NanoCPUs, 0, 0
	}
	if from.BlkioWeight != 0 {
		to.BlkioWeight = from.BlkioWeight
	}
	if from.CpusetCpus != "" {
		to.CpusetCpus = from.CpusetCpus
	}
	if from.CpusetMems != "" {
		to.CpusetMems = from.CpusetMems
	}
	if from.PidsLimit != nil {
		to.PidsLimit = from.PidsLimit
	}
}
