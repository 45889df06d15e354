package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// refused says which limit the kernel did not take, what was asked for, and what it would take. Where the group's files lie is
// nothing to whoever asked.
func (s setting) refused(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	for _, of := range []error{unix.EINVAL, unix.ERANGE, unix.ENODEV, unix.ENXIO, unix.EOPNOTSUPP, unix.EACCES} {
		if errors.Is(err, of) {
			advice := s.takes(err)
			if advice == "" {
				advice = err.Error()
			}
			return fmt.Errorf("%s: the kernel does not take %s: %s: %w", s.what, s.value, advice, errdefs.ErrInvalidArgument)
		}
	}
	return fmt.Errorf("%s: set it to %s: %w", s.what, s.value, err)
}

// takes tells what the kernel takes for a setting, "" if that is not known.
func (s setting) takes(err error) string {
	switch {
	case errors.Is(err, unix.EOPNOTSUPP) && strings.Contains(s.file, "bfq"):
		return "the device's I/O scheduler is not bfq (/sys/block/NAME/queue/scheduler)"
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return "there is no such block device, or it is a part of a disk: name the whole disk"
	}
	switch s.file {
	case "cpu.cfs_quota_us", "cpu.max":
		return "the least is 1000 microseconds of each period (of the usual period, --cpus 0.01), and the most is what the cgroups above give"
	case "cpu.cfs_period_us":
		return "a period is 1000 to 1000000 microseconds, and the quota in it is no larger a part than the cgroups above give"
	case "cpu.rt_runtime_us", "cpu.rt_period_us":
		return "the cgroups above have no real-time budget left to give: give them one (cpu.rt_runtime_us), or leave --cpu-rt-runtime out"
	case "pids.max":
		return "it counts up to 4194304 processes: give a number from 1 to that, or -1 for no limit"
	case "cpuset.cpus", "cpuset.mems":
		return "the cgroups above do not have all of them"
	case "memory.limit_in_bytes", "memory.memsw.limit_in_bytes":
		return "memory and swap together (--memory-swap) are at least the memory (--memory)"
	}
	return ""
}
