package engine

import (
	"fmt"
	"os"
	"path"
	"runtime"
	"strings"

	"tug/internal/container"
	"tug/internal/oci"
	"tug/internal/plan"
	"tug/internal/shim"
)

// checkLimits holds Docker's rules for limits.
func checkLimits(h *container.HostConfig) error {
	const (
		minMemory = 6 << 20 // bytes
		minCPUs   = 1e7     // billionths of a processor: the least that the kernel takes
	)
	switch {
	case h.Memory < 0 || h.Memory > 0 && h.Memory < minMemory:
		return invalid("Minimum memory limit allowed is 6MB")
	case h.Memory > 0 && h.MemorySwap > 0 && h.MemorySwap < h.Memory:
		return invalid("Minimum memoryswap limit should be larger than memory limit, see usage")
	case h.MemorySwap < -1:
		return invalid("Invalid memoryswap limit %d: it is at least the memory limit, or -1 for no limit", h.MemorySwap)
	case h.Memory == 0 && h.MemorySwap > 0:
		return invalid("You should always set the Memory limit when using Memoryswap limit, see usage")
	case h.MemorySwappiness != nil && (*h.MemorySwappiness < -1 || *h.MemorySwappiness > 100):
		return invalid("Invalid value: %d, valid memory swappiness range is 0-100", *h.MemorySwappiness)
	case h.MemoryReservation > 0 && h.MemoryReservation < minMemory:
		return invalid("Minimum memory reservation allowed is 6MB")
	case h.Memory > 0 && h.MemoryReservation > h.Memory:
		return invalid("Minimum memory limit can not be less than memory reservation limit, see usage")
	case h.NanoCPUs < 0 || h.NanoCPUs > 0 && h.NanoCPUs < minCPUs || h.NanoCPUs > int64(runtime.NumCPU())*1e9:
		return invalid("range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", runtime.NumCPU(), runtime.NumCPU())
	case h.NanoCPUs > 0 && h.CPUPeriod > 0:
		return invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set")
	case h.NanoCPUs > 0 && h.CPUQuota > 0:
		return invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
	case h.CPUPeriod != 0 && (h.CPUPeriod < 1000 || h.CPUPeriod > 1000000):
		return invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
	case h.CPUQuota > 0 && h.CPUQuota < 1000:
		return invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)")
	case h.BlkioWeight > 0 && (h.BlkioWeight < 10 || h.BlkioWeight > 1000):
		return invalid("Range of blkio weight is from 10 to 1000")
	case h.CPUShares < 0:
		return invalid("invalid CPU shares (%d): value must be a positive integer", h.CPUShares)
	case h.CPURealtimePeriod < 0 || h.CPURealtimeRuntime < 0:
		return invalid("invalid real-time CPU period or runtime: values must be positive")
	case h.CPURealtimePeriod != 0 && h.CPURealtimeRuntime > h.CPURealtimePeriod:
		return invalid("cpu real-time runtime cannot be higher than cpu real-time period")
	case h.Umask != nil && *h.Umask > 0o777:
		return invalid("invalid umask %#o: it is at most 0777", *h.Umask)
	case h.OomScoreAdj < -1000 || h.OomScoreAdj > 1000:
		return invalid("Invalid value %d, range for oom score adj is [-1000, 1000]", h.OomScoreAdj)
	case h.ShmSize < 0:
		return invalid("SHM size can not be less than 0")
	}
	return nil
}

// checkUlimits finds limits that setrlimit(2) does not have or take.
func checkUlimits(ulimits []container.Ulimit) error {
	for _, u := range ulimits {
		if !plan.IsRlimit("RLIMIT_" + strings.ToUpper(u.Name)) {
			return invalid("invalid ulimit type: %s", u.Name)
		}
		if u.Soft < -1 || u.Hard < -1 {
			return invalid("ulimit %s: invalid limit %d: it is a number, or -1 for no limit", u.Name, min(u.Soft, u.Hard))
		}
		if u.Hard != -1 && (u.Soft == -1 || u.Soft > u.Hard) {
			return invalid("ulimit %s: soft limit must be less than or equal to hard limit: %d > %d", u.Name, u.Soft, u.Hard)
		}
	}
	return nil
}

// ulimitAdvice tells what to do about a limit that the kernel did not let a process have, "" of other faults.
func ulimitAdvice(f *shim.Failure) string {
	which, isUlimit := strings.CutPrefix(f.Note, plan.UlimitNote)
	if !isUlimit || !isErrno(f, eperm) {
		return ""
	}
	if most, err := os.ReadFile("/proc/sys/fs/nr_open"); err == nil && strings.HasPrefix(which, "nofile ") {
		return fmt.Sprintf("the most that the host allows is %s (/proc/sys/fs/nr_open), or what tugd itself has where it may not raise that", strings.TrimSpace(string(most)))
	}
	return "it is above tugd's own, which tugd may not raise without CAP_SYS_RESOURCE: ask for less, or start tugd with more"
}

// checkDevices finds rules and permissions for devices that are none, and weights out of range.
func checkDevices(r *container.Resources) error {
	for _, d := range r.Devices {
		if strings.Trim(d.CgroupPermissions, "rwm") != "" {
			return invalid("invalid permissions %q of device %s: they are made of r, w and m", d.CgroupPermissions, d.PathOnHost)
		}
		if !path.IsAbs(d.PathOnHost) {
			return invalid("invalid device path %q on the host: it must be absolute, as in /dev/fuse", d.PathOnHost)
		}
		if !path.IsAbs(d.PathInContainer) {
			return invalid("invalid device path %q in the container: it must be absolute", d.PathInContainer)
		}
	}
	for _, text := range r.DeviceCgroupRules {
		if _, err := oci.DeviceRule(text); err != nil {
			return err
		}
	}
	for _, d := range r.BlkioWeightDevice {
		if d.Weight != 0 && (d.Weight < 10 || d.Weight > 1000) {
			return invalid("Range of blkio weight is from 10 to 1000: %s has %d", d.Path, d.Weight)
		}
	}
	return nil
}
