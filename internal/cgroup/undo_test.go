package cgroup

import (
	"strconv"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
	"gotest.tools/v3/assert"
)

func TestAnUpdateIsAllOrNothing(t *testing.T) {
	h, parent := host(t)
	for _, c := range []string{"memory", "cpu", "cpuset", "pids"} {
		need(t, h, c)
	}
	limits := func(mem, swap, pids int64, shares uint64, cpus string) *specs.LinuxResources {
		r := &specs.LinuxResources{
			Memory: &specs.LinuxMemory{Limit: ptr(mem), Swap: ptr(swap), Reservation: ptr(mem / 2)},
			CPU:    &specs.LinuxCPU{Shares: ptr(shares), Quota: ptr(int64(50000)), Period: ptr(uint64(100000)), Cpus: cpus},
			Pids:   &specs.LinuxPids{Limit: ptr(pids)},
		}
		h.Adjust(r)
		return r
	}
	g := create(t, h, parent, "all", limits(64<<20, 128<<20, 77, 512, "0"))
	for _, refused := range []*specs.LinuxResources{
		limits(256<<20, 512<<20, 50, 700, "4096"), // memory goes up before the processors are refused
		limits(32<<20, 48<<20, 50, 700, "4096"),   // and down
	} {
		if err := g.Update(refused); !errdefs.IsInvalidArgument(err) {
			t.Fatal(err)
		}
		assert.Equal(t, valueOf(t, g, "memory", "memory.limit_in_bytes", "memory.max"), strconv.Itoa(64<<20))
		assert.Equal(t, valueOf(t, g, "memory", "memory.soft_limit_in_bytes", "memory.low"), strconv.Itoa(32<<20))
		if h.features.swap {
			assert.Equal(t, valueOf(t, g, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max"), either(h, strconv.Itoa(128<<20), strconv.Itoa(64<<20)))
		}
		assert.Equal(t, valueOf(t, g, "cpu", "cpu.shares", "cpu.weight"), either(h, "512", "59"))
		assert.Equal(t, valueOf(t, g, "cpu", "cpu.cfs_quota_us", "cpu.max"), either(h, "50000", "50000 100000"))
		assert.Equal(t, valueOf(t, g, "cpuset", "cpuset.cpus", "cpuset.cpus"), "0")
		assert.Equal(t, valueOf(t, g, "pids", "pids.max", "pids.max"), "77")
	}
	assert.NilError(t, g.Update(limits(256<<20, 512<<20, 50, 700, "0")))
	assert.Equal(t, valueOf(t, g, "pids", "pids.max", "pids.max"), "50")
}

func TestWhatIsWrittenToUndoASetting(t *testing.T) {
	for _, c := range []struct{ file, value, text, want string }{
		{"memory.limit_in_bytes", "1", "67108864\n", "67108864"},
		{"memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "0"},
		{"cpu.max", "max", "50000 100000\n", "50000 100000"},
		{"io.weight", "10", "default 100\n8:0 50\n", "default 100"},
		{"blkio.throttle.read_bps_device", "8:0 5", "8:16 7\n8:0 6\n", "8:0 6"},
		{"blkio.throttle.read_bps_device", "8:0 5", "8:16 7\n", "8:0 0"},
		{"io.max", "8:0 rbps=5", "8:0 rbps=max wbps=9 riops=max wiops=max\n", "8:0 rbps=max wbps=9 riops=max wiops=max"},
		{"io.max", "8:0 rbps=5", "", "8:0 rbps=max wbps=max riops=max wiops=max"},
		{"io.bfq.weight", "8:0 5", "default 100\n", "8:0 default"},
		{"cpuset.cpus", "0", "\n", ""},
	} {
		if got := valueBefore(setting{file: c.file, value: c.value}, c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.file, got, c.want)
		}
	}
}
