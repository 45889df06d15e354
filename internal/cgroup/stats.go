package cgroup

import (
	"errors"
	"os"
	"time"
)

// Stats is what a group has used since it was made. What the host does not count is zero or empty.
type Stats struct {
	Read   time.Time
	CPU    CPUStats
	Memory MemoryStats
	Pids   PidsStats
	IO     IOStats
}

// CPUStats are processor times.
type CPUStats struct {
	Total, User, Kernel time.Duration
	PerCPU              []time.Duration // version 1
	// Periods in which the group had a quota, how many of them it used up, and how long it then had to wait.
	Periods, ThrottledPeriods uint64
	ThrottledTime             time.Duration
}

// MemoryStats are in bytes. A limit that is not set is huge: more than the machine has.
type MemoryStats struct {
	Usage, MaxUsage, Limit uint64
	SwapUsage              uint64            // version 2
	FailCount              uint64            // how often the limit was hit (version 1), or the group was out of memory (2)
	Stat                   map[string]uint64 // memory.stat, by the kernel's names
}

// PidsStats counts processes and threads. Limit is 0 if there is none.
type PidsStats struct{ Current, Limit uint64 }

// IOStats are transfers of block devices.
type IOStats struct {
	Bytes, Operations []IOEntry
	// Version 1 with the BFQ scheduler, in debugging kernels.
	Queued, ServiceTime, WaitTime, Merged, Time, Sectors []IOEntry
}

// IOEntry is one counter of one device.
type IOEntry struct {
	Major, Minor uint64
	Op           string // "Read", "Write", and with version 1 "Sync", "Async", "Discard", "Total"
	Value        uint64
}

// Stats reads what the group has used. ErrNotFound says that the group is gone.
func (g *Group) Stats() (*Stats, error) {
	if _, err := os.Lstat(g.mainDir()); err != nil {
		return nil, g.notFound(err)
	}
	s := &Stats{Read: time.Now()}
	read := g.readV1
	if g.host.V2 {
		read = g.readV2
	}
	if err := read(s); err != nil {
		return nil, g.notFound(err)
	}
	return s, nil
}

// optional forgives that a kernel does not have a file.
func optional(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// readPids is the same in both versions.
func readPids(dir string, s *PidsStats) (err error) {
	if s.Current, err = readNumber(dir, "pids.current"); err != nil {
		return optional(err)
	}
	limit, err := readNumber(dir, "pids.max")
	if limit != ^uint64(0) {
		s.Limit = limit
	}
	return optional(err)
}
