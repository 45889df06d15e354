package container

import (
	"testing"

	"github.com/moby/moby/api/types/container"
)

func TestShareOfTheProcessors(t *testing.T) {
	reading := func(used, passed uint64, cpus uint32) container.CPUStats {
		return container.CPUStats{CPUUsage: container.CPUUsage{TotalUsage: used}, SystemUsage: passed, OnlineCPUs: cpus}
	}
	for _, c := range []struct {
		name        string
		before, now container.CPUStats
		want        float64
	}{
		{"half of four", reading(100, 1000, 4), reading(600, 2000, 4), 200},
		{"nothing", reading(100, 1000, 4), reading(100, 2000, 4), 0},
		{"no time passed", reading(100, 1000, 4), reading(600, 1000, 4), 0},
		{"started anew", reading(500, 1000, 4), reading(10, 2000, 4), 0},
	} {
		if got := cpuShare(c.before, c.now); got != c.want {
			t.Errorf("%s: %v%%", c.name, got)
		}
	}
}

func TestMemoryInUseLeavesOutTheCache(t *testing.T) {
	for _, c := range []struct {
		memory container.MemoryStats
		want   uint64
	}{
		{container.MemoryStats{Usage: 100}, 100},
		{container.MemoryStats{Usage: 100, Stats: map[string]uint64{"total_inactive_file": 30, "inactive_file": 1}}, 70},
		{container.MemoryStats{Usage: 100, Stats: map[string]uint64{"inactive_file": 40}}, 60},
		{container.MemoryStats{Usage: 100, Stats: map[string]uint64{"inactive_file": 140}}, 100},
	} {
		if got := memoryInUse(c.memory); got != c.want {
			t.Errorf("%+v: %d", c.memory, got)
		}
	}
}

func TestRowsOfWhatIsNotKnown(t *testing.T) {
	row := &statsContext{sample: sample{invalid: true}}
	for _, got := range []string{row.CPUPerc(), row.MemPerc(), row.NetIO(), row.BlockIO(), row.PIDs(), row.Name()} {
		if got != noValue {
			t.Errorf("%q", got)
		}
	}
	if row.MemUsage() != "-- / --" {
		t.Errorf("%q", row.MemUsage())
	}
}

func TestRowsAddUpInterfacesAndDisks(t *testing.T) {
	row := &statsContext{sample: sample{usage: container.StatsResponse{
		Networks: map[string]container.NetworkStats{"eth0": {RxBytes: 1000, TxBytes: 1}, "eth1": {RxBytes: 500, TxBytes: 1}},
		BlkioStats: container.BlkioStats{IoServiceBytesRecursive: []container.BlkioStatEntry{
			{Op: "Read", Value: 10}, {Op: "write", Value: 5}, {Op: "", Value: 99}, {Op: "Sync", Value: 99}, {Op: "read", Value: 10},
		}},
		PidsStats: container.PidsStats{Current: 7},
	}}}
	if row.NetIO() != "1.5kB / 2B" || row.BlockIO() != "20B / 5B" || row.PIDs() != "7" {
		t.Errorf("%q %q %q", row.NetIO(), row.BlockIO(), row.PIDs())
	}
}
