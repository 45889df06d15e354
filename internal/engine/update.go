package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/oci"
)

// Update changes the limits and the restart policy of a container, all or none; what is zero stays. Of a running container the change
// holds at once. Errors: NotFound, Conflict (with what is set already, or being removed), InvalidArgument, FailedPrecondition (such as a memory
// limit that is less than what is in use).
func (e *Engine) Update(ctx context.Context, ref string, limits container.Resources, policy *container.RestartPolicy) (warnings []string, err error) {
	r, release, err := e.containers.Claim(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer release()
	if s := r.State.Status; s == container.Removing || s == container.Dead {
		return nil, cannotUpdate(r, "container is marked for removal and cannot be \"update\"")
	}
	if warnings, err = e.dropImpossible(&limits); err != nil {
		return nil, err
	}
	h := r.Host
	if why := conflict(&h.Resources, &limits); why != "" {
		return nil, cannotUpdate(r, why)
	}
	overlayLimits(&h.Resources, limits)
	if policy != nil {
		if h.AutoRemove && policy.Name != "no" && policy.Name != "" {
			return nil, cannotUpdate(r, "Restart policy cannot be updated because AutoRemove is enabled for the container")
		}
		h.RestartPolicy = *policy
	}
	if err := e.checkUpdate(&h); err != nil {
		return nil, err
	}
	resources, err := updated(&r.Host.Resources, &h.Resources)
	if err != nil {
		return nil, err
	}
	e.cgroups.Adjust(resources)
	changed, err := e.changeLimits(r, h, resources)
	if err != nil {
		return nil, fmt.Errorf("Cannot update container %s: %w", r.ID, err) //nolint:staticcheck // Docker's words
	}
	e.publish(changed, events.Update)
	return warnings, nil
}

func cannotUpdate(r *container.Record, why string) error {
	return fmt.Errorf("Cannot update container %s: %s: %w", r.ID, why, errConflict) //nolint:staticcheck // Docker's words
}

func (e *Engine) checkUpdate(h *container.HostConfig) error {
	if err := checkLimits(h); err != nil {
		return err
	}
	if err := checkDevices(&h.Resources); err != nil {
		return err
	}
	return e.cgroups.CheckCpuset(h.CpusetCpus, h.CpusetMems)
}

// dropImpossible takes away what this host cannot limit, and says so as Docker does.
func (e *Engine) dropImpossible(limits *container.Resources) (warnings []string, err error) {
	spec, err := oci.Resources(limits, nil)
	if err != nil {
		return nil, err
	}
	warnings = e.cgroups.Adjust(spec)
	if spec.CPU != nil && spec.CPU.Shares == nil {
		limits.CPUShares = 0
	}
	if spec.CPU != nil && spec.CPU.RealtimePeriod == nil && spec.CPU.RealtimeRuntime == nil {
		limits.CPURealtimePeriod, limits.CPURealtimeRuntime = 0, 0
	}
	if spec.Memory != nil && spec.Memory.Reservation == nil {
		limits.MemoryReservation = 0
	}
	if spec.Pids == nil && limits.PidsLimit != nil && *limits.PidsLimit > 0 {
		limits.PidsLimit = nil
	}
	if spec.BlockIO != nil && spec.BlockIO.Weight == nil {
		limits.BlkioWeight = 0
	}
	return warnings, nil
}

// conflict tells which limits cannot be changed beside what is set already, in Docker's words; "" if all can.
func conflict(have, want *container.Resources) string {
	switch {
	case want.NanoCPUs > 0 && have.CPUPeriod > 0:
		return "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set"
	case want.NanoCPUs > 0 && have.CPUQuota > 0:
		return "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set"
	case want.CPUPeriod > 0 && have.NanoCPUs > 0:
		return "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set"
	case want.CPUQuota > 0 && have.NanoCPUs > 0:
		return "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set"
	case want.MemorySwap == 0 && have.MemorySwap > 0 && want.Memory > have.MemorySwap:
		return "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
	}
	return ""
}

// overlayLimits puts the limits that are said over those that are.
func overlayLimits(to *container.Resources, from container.Resources) {
	setIf(&to.CPUShares, from.CPUShares)
	setIf(&to.Memory, from.Memory)
	setIf(&to.MemoryReservation, from.MemoryReservation)
	setIf(&to.MemorySwap, from.MemorySwap)
	setIf(&to.NanoCPUs, from.NanoCPUs)
	setIf(&to.CPUPeriod, from.CPUPeriod)
	setIf(&to.CPUQuota, from.CPUQuota)
	setIf(&to.CPURealtimePeriod, from.CPURealtimePeriod)
	setIf(&to.CPURealtimeRuntime, from.CPURealtimeRuntime)
	setIf(&to.BlkioWeight, from.BlkioWeight)
	setIf(&to.CpusetCpus, from.CpusetCpus)
	setIf(&to.CpusetMems, from.CpusetMems)
	setIf(&to.PidsLimit, from.PidsLimit)
	if from.BlkioWeightDevice != nil {
		to.BlkioWeightDevice = from.BlkioWeightDevice
	}
	for _, list := range []struct{ to, from *[]container.ThrottleDevice }{
		{&to.BlkioDeviceReadBps, &from.BlkioDeviceReadBps},
		{&to.BlkioDeviceWriteBps, &from.BlkioDeviceWriteBps},
		{&to.BlkioDeviceReadIOps, &from.BlkioDeviceReadIOps},
		{&to.BlkioDeviceWriteIOps, &from.BlkioDeviceWriteIOps},
	} {
		if *list.from != nil {
			*list.to = *list.from
		}
	}
	settleSwap(to)
}

func setIf[T comparable](to *T, from T) { *to = cmp.Or(from, *to) }

// settleSwap says how much memory and swap a container may have together that was given a limit for memory alone: as Docker, twice as much.
func settleSwap(r *container.Resources) {
	if r.Memory > 0 && r.MemorySwap == 0 {
		r.MemorySwap = container.DefaultSwap(r.Memory)
	}
}

// updated translates limits that take the place of others, with those that end.
func updated(before, after *container.Resources) (*specs.LinuxResources, error) {
	all := *after
	for _, list := range []struct {
		before []container.ThrottleDevice
		after  *[]container.ThrottleDevice
	}{
		{before.BlkioDeviceReadBps, &all.BlkioDeviceReadBps},
		{before.BlkioDeviceWriteBps, &all.BlkioDeviceWriteBps},
		{before.BlkioDeviceReadIOps, &all.BlkioDeviceReadIOps},
		{before.BlkioDeviceWriteIOps, &all.BlkioDeviceWriteIOps},
	} {
		*list.after = append(lifted(list.before, *list.after), *list.after...)
	}
	spec, err := oci.Resources(&all, nil)
	if err == nil && after.PidsLimit != nil && *after.PidsLimit == 0 {
		none := int64(-1)
		spec.Pids = &specs.LinuxPids{Limit: &none}
	}
	return spec, err
}

// lifted gives the devices that are not throttled any more, with a rate of 0: no limit.
func lifted(before, after []container.ThrottleDevice) []container.ThrottleDevice {
	var list []container.ThrottleDevice
	for _, d := range before {
		if !slices.ContainsFunc(after, func(o container.ThrottleDevice) bool { return o.Path == d.Path }) {
			list = append(list, container.ThrottleDevice{Path: d.Path})
		}
	}
	return list
}
