package engine

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/oci"
)

// Top lists the container's processes as the host's ps shows them. Errors: NotFound, Conflict (not running).
func (e *Engine) Top(ctx context.Context, ref, psArgs string) (titles []string, rows [][]string, err error) {
	r, err := e.containers.Get(ref)
	if err != nil {
		return nil, nil, err
	}
	run, ok := e.run(r.ID)
	if !ok {
		return nil, nil, fmt.Errorf("container %s is not running: %w", r.ID, errConflict)
	}
	pids, err := run.group.Pids()
	if err != nil {
		return nil, nil, err
	}
	if psArgs == "" {
		psArgs = "-ef"
	}
	out, err := exec.CommandContext(ctx, "ps", strings.Fields(psArgs)...).Output()
	if err != nil {
		return nil, nil, fmt.Errorf("run ps %s on the host: %w", psArgs, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	titles = strings.Fields(lines[0])
	column := slices.Index(titles, "PID")
	if column < 0 {
		return nil, nil, invalid("Couldn't find PID field in ps output")
	}
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		if len(f) <= column {
			continue
		}
		if pid, err := strconv.Atoi(f[column]); err != nil || !slices.Contains(pids, pid) {
			continue
		}
		if len(f) > len(titles) { // the last column, the command, has spaces in it
			f = append(f[:len(titles)-1:len(titles)-1], strings.Join(f[len(titles)-1:], " "))
		}
		rows = append(rows, f)
	}
	e.publish(r, events.Top)
	return titles, rows, nil
}

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
