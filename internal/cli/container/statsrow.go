package container

import (
	"strconv"
	"strings"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/container"
)

// sample is what one container uses at a time.
type sample struct {
	ref     string // as the person called it
	usage   container.StatsResponse
	invalid bool // none was had, or not lately
}

// statsContext is a sample as templates see it, whose errors name this type.
type statsContext struct {
	formatter.HeaderContext
	sample sample
	trunc  bool
}

const noValue = "--"

// MarshalJSON gives the fields that templates have.
func (r *statsContext) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(r) }

// Container is what the person called it.
func (r *statsContext) Container() string { return r.sample.ref }

// Name is the container's.
func (r *statsContext) Name() string {
	if name := strings.TrimPrefix(r.sample.usage.Name, "/"); name != "" {
		return name
	}
	return noValue
}

// ID is the container's, shortened if the list is.
func (r *statsContext) ID() string {
	if r.trunc {
		return formatter.TruncateID(r.sample.usage.ID)
	}
	return r.sample.usage.ID
}

// CPUPerc is 100% for each processor kept busy.
func (r *statsContext) CPUPerc() string {
	if r.sample.invalid {
		return noValue
	}
	return percent(cpuShare(r.sample.usage.PreCPUStats, r.sample.usage.CPUStats))
}

// MemUsage is what is used and what may be.
func (r *statsContext) MemUsage() string {
	if r.sample.invalid {
		return "-- / --"
	}
	memory := r.sample.usage.MemoryStats
	return units.BytesSize(float64(memoryInUse(memory))) + " / " + units.BytesSize(float64(memory.Limit))
}

// MemPerc is the one in terms of the other.
func (r *statsContext) MemPerc() string {
	if r.sample.invalid {
		return noValue
	}
	memory := r.sample.usage.MemoryStats
	if memory.Limit == 0 {
		return percent(0)
	}
	return percent(float64(memoryInUse(memory)) / float64(memory.Limit) * 100)
}

// NetIO is what was received and sent, over all interfaces.
func (r *statsContext) NetIO() string {
	if r.sample.invalid {
		return noValue
	}
	var received, sent uint64
	for _, network := range r.sample.usage.Networks {
		received += network.RxBytes
		sent += network.TxBytes
	}
	return inOut(received, sent)
}

// BlockIO is what was read and written, over all disks.
func (r *statsContext) BlockIO() string {
	if r.sample.invalid {
		return noValue
	}
	var read, written uint64
	for _, entry := range r.sample.usage.BlkioStats.IoServiceBytesRecursive {
		switch strings.ToLower(entry.Op + " ")[0] {
		case 'r':
			read += entry.Value
		case 'w':
			written += entry.Value
		}
	}
	return inOut(read, written)
}

// PIDs is the number of processes and threads.
func (r *statsContext) PIDs() string {
	if r.sample.invalid {
		return noValue
	}
	return strconv.FormatUint(r.sample.usage.PidsStats.Current, 10)
}

func percent(value float64) string { return strconv.FormatFloat(value, 'f', 2, 64) + "%" }

func inOut(in, out uint64) string {
	return humanSize(int64(in)) + " / " + humanSize(int64(out))
}

// cpuShare is the processor time used between two readings, in percent of one processor.
func cpuShare(before, now container.CPUStats) float64 {
	used := float64(now.CPUUsage.TotalUsage) - float64(before.CPUUsage.TotalUsage)
	passed := float64(now.SystemUsage) - float64(before.SystemUsage)
	processors := float64(now.OnlineCPUs)
	if processors == 0 {
		processors = float64(len(now.CPUUsage.PercpuUsage))
	}
	if passed <= 0 || used <= 0 {
		return 0
	}
	return used / passed * processors * 100
}

// memoryInUse leaves out the file cache that the kernel could drop at once: cgroup v1 and v2 have different
// names for it.
func memoryInUse(memory container.MemoryStats) uint64 {
	for _, key := range []string{"total_inactive_file", "inactive_file"} {
		if cache, ok := memory.Stats[key]; ok && cache < memory.Usage {
			return memory.Usage - cache
		}
	}
	return memory.Usage
}
