package cgroup

import (
	"fmt"
	"path/filepath"
)

// OOMFile is the file with the counter of processes that the kernel killed because the group was out of memory, on a line "oom_kill N"; "" if
// there is no memory controller. It can be read until the group is removed.
func (g *Group) OOMFile() string {
	dir := g.dir("memory")
	if dir == "" {
		return ""
	}
	if g.host.V2 {
		return filepath.Join(dir, "memory.events")
	}
	return filepath.Join(dir, "memory.oom_control")
}

// OOMKills is how many processes the kernel killed because the group was out of memory; 0 without a memory controller.
func (g *Group) OOMKills() (uint64, error) {
	file := g.OOMFile()
	if file == "" {
		return 0, nil
	}
	values, err := readMap(filepath.Split(file))
	if err != nil {
		return 0, g.notFound(fmt.Errorf("count of processes killed for want of memory: %w", err))
	}
	return values["oom_kill"], nil
}
