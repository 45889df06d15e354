package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// readV2 reads what the group's controllers have. Without one, its files are not there.
func (g *Group) readV2(s *Stats) error {
	dir := g.Dir()
	cpu, err := readMap(dir, "cpu.stat") // every group has this one
	if err != nil {
		return err
	}
	s.CPU.Total, s.CPU.User, s.CPU.Kernel = micros(cpu["usage_usec"]), micros(cpu["user_usec"]), micros(cpu["system_usec"])
	s.CPU.Periods, s.CPU.ThrottledPeriods, s.CPU.ThrottledTime = cpu["nr_periods"], cpu["nr_throttled"], micros(cpu["throttled_usec"])
	if err := readMemoryV2(dir, &s.Memory); err != nil {
		return err
	}
	if err := readPids(dir, &s.Pids); err != nil {
		return err
	}
	io, err := os.ReadFile(filepath.Join(dir, "io.stat"))
	if optional(err) != nil {
		return err
	}
	s.IO = parseIO(string(io))
	return nil
}

func micros(n uint64) time.Duration { return time.Duration(n) * time.Microsecond }

func readMemoryV2(dir string, s *MemoryStats) (err error) {
	if s.Usage, err = readNumber(dir, "memory.current"); err != nil {
		return optional(err)
	}
	for _, value := range []struct {
		to   *uint64
		file string
	}{
		{&s.Limit, "memory.max"},
		{&s.MaxUsage, "memory.peak"},          // since Linux 5.19
		{&s.SwapUsage, "memory.swap.current"}, // only with accounting of swap
	} {
		if *value.to, err = readNumber(dir, value.file); optional(err) != nil {
			return err
		}
	}
	if s.Stat, err = readMap(dir, "memory.stat"); err != nil {
		return err
	}
	events, err := readMap(dir, "memory.events")
	s.FailCount = events["oom"]
	return optional(err)
}

// parseIO reads lines like "8:0 rbytes=4096 wbytes=0 rios=1 wios=0".
func parseIO(text string) IOStats {
	var s IOStats
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		major, minor, ok := deviceNumber(fields[0])
		if !ok {
			continue
		}
		for _, field := range fields[1:] {
			key, text, _ := strings.Cut(field, "=")
			value, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				continue
			}
			entry := IOEntry{Major: major, Minor: minor, Value: value}
			switch key {
			case "rbytes", "wbytes":
				entry.Op = readOrWrite(key)
				s.Bytes = append(s.Bytes, entry)
			case "rios", "wios":
				entry.Op = readOrWrite(key)
				s.Operations = append(s.Operations, entry)
			}
		}
	}
	return s
}

func readOrWrite(key string) string {
	if key[0] == 'r' {
		return "Read"
	}
	return "Write"
}
