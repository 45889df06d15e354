package creation

import (
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/spf13/pflag"
)

// resourceOptions limit memory, processors and processes.
type resourceOptions struct {
	memory            opts.MemBytes
	memoryReservation opts.MemBytes
	memorySwap        opts.MemSwapBytes
	swappiness        int64
	oomKillDisable    bool
	oomScoreAdj       int

	cpus         opts.NanoCPUs
	cpuShares    int64
	cpuPeriod    int64
	cpuQuota     int64
	cpuRTPeriod  int64
	cpuRTRuntime int64
	cpusetCPUs   string
	cpusetMems   string
	cpuCount     int64
	cpuPercent   int64

	pidsLimit int64
	ulimits   *opts.UlimitOpt
}

func (o *resourceOptions) register(flags *pflag.FlagSet) {
	o.ulimits = opts.NewUlimitOpt(nil)

	flags.VarP(&o.memory, "memory", "m", "Memory limit")
	flags.Var(&o.memoryReservation, "memory-reservation", "Memory soft limit")
	flags.Var(&o.memorySwap, "memory-swap", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap")
	flags.Int64Var(&o.swappiness, "memory-swappiness", -1, "Tune container memory swappiness (0 to 100)")
	flags.BoolVar(&o.oomKillDisable, "oom-kill-disable", false, "Disable OOM Killer")
	flags.IntVar(&o.oomScoreAdj, "oom-score-adj", 0, "Tune host's OOM preferences (-1000 to 1000)")
	var ignored opts.MemBytes
	flags.Var(&ignored, "kernel-memory", "Kernel memory limit (deprecated)")
	_ = flags.MarkDeprecated("kernel-memory", "and no longer supported by the kernel")

	flags.Var(&o.cpus, "cpus", "Number of CPUs")
	flags.Int64VarP(&o.cpuShares, "cpu-shares", "c", 0, "CPU shares (relative weight)")
	flags.Int64Var(&o.cpuPeriod, "cpu-period", 0, "Limit CPU CFS (Completely Fair Scheduler) period")
	flags.Int64Var(&o.cpuQuota, "cpu-quota", 0, "Limit CPU CFS (Completely Fair Scheduler) quota")
	flags.Int64Var(&o.cpuRTPeriod, "cpu-rt-period", 0, "Limit CPU real-time period in microseconds")
	flags.Int64Var(&o.cpuRTRuntime, "cpu-rt-runtime", 0, "Limit CPU real-time runtime in microseconds")
	flags.StringVar(&o.cpusetCPUs, "cpuset-cpus", "", "CPUs in which to allow execution (0-3, 0,1)")
	flags.StringVar(&o.cpusetMems, "cpuset-mems", "", "MEMs in which to allow execution (0-3, 0,1)")
	flags.Int64Var(&o.cpuCount, "cpu-count", 0, "CPU count (Windows only)")
	flags.Int64Var(&o.cpuPercent, "cpu-percent", 0, "CPU percent (Windows only)")

	flags.Int64Var(&o.pidsLimit, "pids-limit", 0, "Tune container pids limit (set -1 for unlimited)")
	flags.Var(o.ulimits, "ulimit", "Ulimit options")
}

func (o *resourceOptions) apply(r *Request, _ *pflag.FlagSet) error {
	if o.swappiness < -1 || o.swappiness > 100 {
		return fmt.Errorf("invalid value: %d. Valid memory swappiness range is 0-100", o.swappiness)
	}
	res := &r.HostConfig.Resources
	res.Memory = o.memory.Value()
	res.MemoryReservation = o.memoryReservation.Value()
	res.MemorySwap = o.memorySwap.Value()
	res.MemorySwappiness = &o.swappiness
	res.OomKillDisable = &o.oomKillDisable
	r.HostConfig.OomScoreAdj = o.oomScoreAdj

	res.NanoCPUs = o.cpus.Value()
	res.CPUShares = o.cpuShares
	res.CPUPeriod = o.cpuPeriod
	res.CPUQuota = o.cpuQuota
	res.CPURealtimePeriod = o.cpuRTPeriod
	res.CPURealtimeRuntime = o.cpuRTRuntime
	res.CpusetCpus = o.cpusetCPUs
	res.CpusetMems = o.cpusetMems
	res.CPUCount = o.cpuCount
	res.CPUPercent = o.cpuPercent

	res.PidsLimit = &o.pidsLimit
	res.Ulimits = o.ulimits.GetList()
	return nil
}
