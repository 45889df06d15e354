package api

import (
	"strings"
	"time"

	moby "github.com/moby/moby/api/types/container"

	"tug/internal/cgroup"
	"tug/internal/engine"
	"tug/internal/proc"
)

// showStats is what a container uses as clients know it; of one that does not run, it is only said who it is.
func showStats(s *engine.Sample) *moby.StatsResponse {
	out := &moby.StatsResponse{ID: s.Record.ID, Name: "/" + s.Record.Name, OSType: "linux"}
	u := s.Usage
	if u == nil {
		return out
	}
	out.Read = u.Read.UTC()
	out.CPUStats = showCPU(u)
	out.MemoryStats = showMemory(u)
	out.PidsStats = moby.PidsStats{Current: u.Group.Pids.Current, Limit: u.Group.Pids.Limit}
	out.BlkioStats = showBlockIO(u)
	out.Networks = showInterfaces(u.Interfaces)
	if s.Before != nil {
		out.PreRead = s.Before.Read.UTC()
		out.PreCPUStats = showCPU(s.Before)
	}
	return out
}

func showCPU(u *engine.Usage) moby.CPUStats {
	c := &u.Group.CPU
	out := moby.CPUStats{
		CPUUsage:    moby.CPUUsage{TotalUsage: uint64(c.Total), UsageInKernelmode: uint64(c.Kernel), UsageInUsermode: uint64(c.User)},
		SystemUsage: uint64(u.System),
		OnlineCPUs:  uint32(u.CPUs),
		ThrottlingData: moby.ThrottlingData{
			Periods: c.Periods, ThrottledPeriods: c.ThrottledPeriods, ThrottledTime: uint64(c.ThrottledTime / time.Nanosecond),
		},
	}
	for _, t := range c.PerCPU {
		out.CPUUsage.PercpuUsage = append(out.CPUUsage.PercpuUsage, uint64(t))
	}
	return out
}

// The figures of memory.stat that Docker shows; on version 1 all but the limits are there a second time for the groups below too.
var (
	memoryKeysV1 = strings.Fields(`cache rss rss_huge mapped_file dirty writeback pgpgin pgpgout pgfault pgmajfault
		inactive_anon active_anon inactive_file active_file unevictable`)
	memoryKeysV2 = strings.Fields(`anon file kernel_stack slab sock shmem file_mapped file_dirty file_writeback anon_thp
		inactive_anon active_anon inactive_file active_file unevictable slab_reclaimable slab_unreclaimable pgfault pgmajfault
		workingset_refault workingset_activate workingset_nodereclaim pgrefill pgscan pgsteal pgactivate pgdeactivate pglazyfree pglazyfreed
		thp_fault_alloc thp_collapse_alloc`)
)

func showMemory(u *engine.Usage) moby.MemoryStats {
	m := &u.Group.Memory
	out := moby.MemoryStats{Usage: m.Usage, Limit: m.Limit, Failcnt: m.FailCount}
	if m.Stat == nil { // without a memory controller nothing is counted
		return out
	}
	if u.MemTotal > 0 {
		out.Limit = min(m.Limit, u.MemTotal)
	}
	out.Stats = map[string]uint64{}
	if u.CgroupV2 {
		for _, key := range memoryKeysV2 {
			out.Stats[key] = m.Stat[key]
		}
		return out
	}
	out.MaxUsage = m.MaxUsage
	for _, key := range memoryKeysV1 {
		out.Stats[key], out.Stats["total_"+key] = m.Stat[key], m.Stat["total_"+key]
	}
	for _, key := range []string{"hierarchical_memory_limit", "hierarchical_memsw_limit"} {
		out.Stats[key] = m.Stat[key]
	}
	return out
}

// showBlockIO has, on version 2, the bytes alone, and null for what is not counted; on version 1 lists that may be empty.
func showBlockIO(u *engine.Usage) moby.BlkioStats {
	io := &u.Group.IO
	if u.CgroupV2 {
		var out moby.BlkioStats
		for _, e := range showIOEntries(io.Bytes) {
			e.Op = strings.ToLower(e.Op)
			out.IoServiceBytesRecursive = append(out.IoServiceBytesRecursive, e)
		}
		return out
	}
	return moby.BlkioStats{
		IoServiceBytesRecursive: showIOEntries(io.Bytes),
		IoServicedRecursive:     showIOEntries(io.Operations),
		IoQueuedRecursive:       showIOEntries(io.Queued),
		IoServiceTimeRecursive:  showIOEntries(io.ServiceTime),
		IoWaitTimeRecursive:     showIOEntries(io.WaitTime),
		IoMergedRecursive:       showIOEntries(io.Merged),
		IoTimeRecursive:         showIOEntries(io.Time),
		SectorsRecursive:        showIOEntries(io.Sectors),
	}
}

func showIOEntries(in []cgroup.IOEntry) []moby.BlkioStatEntry {
	out := make([]moby.BlkioStatEntry, len(in))
	for i, e := range in {
		out[i] = moby.BlkioStatEntry{Major: e.Major, Minor: e.Minor, Op: e.Op, Value: e.Value}
	}
	return out
}

func showInterfaces(in map[string]proc.Interface) map[string]moby.NetworkStats {
	out := make(map[string]moby.NetworkStats, len(in))
	for name, i := range in {
		out[name] = moby.NetworkStats{
			RxBytes: i.RxBytes, RxPackets: i.RxPackets, RxErrors: i.RxErrors, RxDropped: i.RxDropped,
			TxBytes: i.TxBytes, TxPackets: i.TxPackets, TxErrors: i.TxErrors, TxDropped: i.TxDropped,
		}
	}
	return out
}
