package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// userTick is the unit of cpuacct.stat. The kernel's interface to user space has had 100 to the second on every machine for decades (USER_HZ).
const userTick = 10 * time.Millisecond

// readV1 reads each controller that is there.
func (g *Group) readV1(s *Stats) error {
	var errs []error
	read := func(controller string, read func(dir string) error) {
		if dir := g.dir(controller); dir != "" {
			errs = append(errs, read(dir))
		}
	}
	read("cpuacct", func(dir string) error { return readCPUAccount(dir, &s.CPU) })
	read("cpu", func(dir string) error { return readThrottling(dir, &s.CPU) })
	read("memory", func(dir string) error { return readMemoryV1(dir, &s.Memory) })
	read("pids", func(dir string) error { return readPids(dir, &s.Pids) })
	read("blkio", func(dir string) error { return readBlockIO(dir, &s.IO) })
	return errors.Join(errs...)
}

func readCPUAccount(dir string, s *CPUStats) error {
	total, err := readNumber(dir, "cpuacct.usage")
	if err != nil {
		return err
	}
	s.Total = time.Duration(total)
	each, err := os.ReadFile(filepath.Join(dir, "cpuacct.usage_percpu"))
	if optional(err) != nil {
		return err
	}
	for field := range strings.FieldsSeq(string(each)) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return fmt.Errorf("%s/cpuacct.usage_percpu: %w", dir, err)
		}
		s.PerCPU = append(s.PerCPU, time.Duration(n))
	}
	modes, err := readMap(dir, "cpuacct.stat")
	if err != nil {
		return err
	}
	s.User, s.Kernel = time.Duration(modes["user"])*userTick, time.Duration(modes["system"])*userTick
	return nil
}

func readThrottling(dir string, s *CPUStats) error {
	stat, err := readMap(dir, "cpu.stat")
	if err != nil {
		return optional(err)
	}
	s.Periods, s.ThrottledPeriods = stat["nr_periods"], stat["nr_throttled"]
	s.ThrottledTime = time.Duration(stat["throttled_time"])
	return nil
}

func readMemoryV1(dir string, s *MemoryStats) (err error) {
	for _, value := range []struct {
		to   *uint64
		file string
	}{
		{&s.Usage, "memory.usage_in_bytes"},
		{&s.MaxUsage, "memory.max_usage_in_bytes"},
		{&s.Limit, "memory.limit_in_bytes"},
		{&s.FailCount, "memory.failcnt"},
	} {
		if *value.to, err = readNumber(dir, value.file); err != nil {
			return err
		}
	}
	s.Stat, err = readMap(dir, "memory.stat")
	return err
}

// readBlockIO reads the counters of BFQ if the kernel has them, and else those of the throttling layer. Each are kept in files of the
// same names, and what has "recursive" in its name counts the groups below too.
func readBlockIO(dir string, s *IOStats) error {
	prefix := "blkio.throttle."
	if exists(dir, "blkio.bfq.io_service_bytes_recursive") {
		prefix = "blkio.bfq."
		// A device that another scheduler serves has its counters in the throttling layer only.
		if text, err := os.ReadFile(filepath.Join(dir, prefix+"io_service_bytes_recursive")); err == nil && !strings.Contains(string(text), ":") {
			prefix = "blkio.throttle."
		}
	}
	for _, value := range []struct {
		to   *[]IOEntry
		name string
	}{
		{&s.Bytes, "io_service_bytes"},
		{&s.Operations, "io_serviced"},
		{&s.Queued, "io_queued"},
		{&s.ServiceTime, "io_service_time"},
		{&s.WaitTime, "io_wait_time"},
		{&s.Merged, "io_merged"},
		{&s.Time, "time"},
		{&s.Sectors, "sectors"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, prefix+value.name+"_recursive"))
		if errors.Is(err, os.ErrNotExist) {
			text, err = os.ReadFile(filepath.Join(dir, prefix+value.name))
		}
		if optional(err) != nil {
			return err
		}
		*value.to = parseBlockIO(string(text))
	}
	return nil
}

// parseBlockIO reads lines like "8:0 Read 4096" and "8:0 17". The sum over all devices at the end belongs to none.
func parseBlockIO(text string) []IOEntry {
	var entries []IOEntry
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		major, minor, ok := deviceNumber(fields[0])
		value, err := strconv.ParseUint(fields[len(fields)-1], 10, 64)
		if !ok || err != nil {
			continue
		}
		entry := IOEntry{Major: major, Minor: minor, Value: value}
		if len(fields) > 2 {
			entry.Op = fields[1]
		}
		entries = append(entries, entry)
	}
	return entries
}

// deviceNumber reads "8:0".
func deviceNumber(s string) (major, minor uint64, ok bool) {
	a, b, ok := strings.Cut(s, ":")
	if !ok {
		return 0, 0, false
	}
	major, err1 := strconv.ParseUint(a, 10, 32)
	minor, err2 := strconv.ParseUint(b, 10, 32)
	return major, minor, err1 == nil && err2 == nil
}
