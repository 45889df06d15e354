package cgroup

import (
	"bytes"
	"fmt"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// beside finds the unified hierarchy on a host whose groups are those of version 1. No group is made there, but other runtimes
// make one of the same path for a container that is handed to them, and one that is killed with the container leaves it.
func beside(table []byte, visible func(dir string, magic int64) bool) ([]hierarchy, error) {
	mounts, err := mountinfo.GetMountsFromReader(bytes.NewReader(table), mountinfo.FSTypeFilter("cgroup2"))
	if err != nil {
		return nil, fmt.Errorf("read the table of mounts: %w", err)
	}
	var list []hierarchy
	for _, m := range mounts {
		if visible(m.Mountpoint, unix.CGROUP2_SUPER_MAGIC) {
			list = append(list, hierarchy{dir: m.Mountpoint})
		}
	}
	return list, nil
}

// everywhere are all hierarchies in which there may be something to remove.
func (h *Host) everywhere() []hierarchy {
	return append(h.hierarchies[:len(h.hierarchies):len(h.hierarchies)], h.beside...)
}
