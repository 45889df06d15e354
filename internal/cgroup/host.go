package cgroup

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// Host is what a machine's kernel and its cgroup mounts allow. It does not change while a daemon runs.
type Host struct {
	// V2 says that groups live in the unified hierarchy.
	V2 bool
	// Controllers are those that groups can have, by the kernel's names of that version ("blkio" on 1, "io" on 2).
	// Without a controller there are no limits of its kind.
	Controllers map[string]bool

	hierarchies []hierarchy // one on version 2
	beside      []hierarchy // where groups are not made, but removed
	features    features
	filters     filters

	parents sync.RWMutex    // guards what follows; held while parents are made or removed, and for reading while groups are made below
	ready   map[string]bool // parents that exist with their controllers, by name
	made    map[string]bool // groups down to parents that were not there before, by path
}

// hierarchy is a mounted tree of groups.
type hierarchy struct {
	dir         string   // where it is mounted
	controllers []string // version 1: what it was mounted with, a "name=systemd" among them; version 2: none
}

// Detect finds the mounted hierarchies and what they offer. An error of the class ErrFailedPrecondition says that there are none.
func Detect() (*Host, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	v2, hierarchies, err := findHierarchies(bytes.NewReader(table), mounted)
	if err != nil {
		return nil, err
	}
	h := &Host{V2: v2, hierarchies: hierarchies, ready: map[string]bool{}, made: map[string]bool{}}
	if !v2 {
		if h.beside, err = beside(table, mounted); err != nil {
			return nil, err
		}
	}
	if h.Controllers, err = controllersOf(v2, hierarchies); err != nil {
		return nil, err
	}
	h.features = h.findFeatures()
	return h, nil
}

// findHierarchies reads a mount table. If any controller has a version 1 hierarchy, groups are made in all of those; a
// unified hierarchy beside them (a hybrid host) has the controllers that nobody needs. visible says whether a path
// still leads to a file system of the given kind: another may have been mounted over it.
func findHierarchies(table io.Reader, visible func(dir string, magic int64) bool) (v2 bool, _ []hierarchy, _ error) {
	mounts, err := mountinfo.GetMountsFromReader(table, mountinfo.FSTypeFilter("cgroup", "cgroup2"))
	if err != nil {
		return false, nil, fmt.Errorf("read the table of mounts: %w", err)
	}
	var ones, twos []hierarchy
	for _, m := range mounts {
		switch {
		case m.FSType == "cgroup2" && visible(m.Mountpoint, unix.CGROUP2_SUPER_MAGIC):
			twos = append(twos, hierarchy{dir: m.Mountpoint})
		case m.FSType == "cgroup" && visible(m.Mountpoint, unix.CGROUP_SUPER_MAGIC):
			controllers := version1Controllers(m.VFSOptions)
			same := func(h hierarchy) bool { return slices.Equal(h.controllers, controllers) }
			if len(controllers) > 0 && !slices.ContainsFunc(ones, same) {
				ones = append(ones, hierarchy{dir: m.Mountpoint, controllers: controllers})
			}
		}
	}
	named := func(h hierarchy) bool { return strings.HasPrefix(h.controllers[0], "name=") }
	switch {
	case len(ones) > 0 && (len(twos) == 0 || !allOf(ones, named)):
		return false, ones, nil
	case len(twos) > 0:
		return true, twos[:1], nil
	}
	return false, nil, fmt.Errorf("no cgroup hierarchy is mounted: mount one with `mount -t cgroup2 none /sys/fs/cgroup`: %w", errdefs.ErrFailedPrecondition)
}

func allOf(hierarchies []hierarchy, is func(hierarchy) bool) bool {
	return !slices.ContainsFunc(hierarchies, func(h hierarchy) bool { return !is(h) })
}

// version1Controllers picks the controllers out of a mount's options, where they stand among others.
func version1Controllers(options string) []string {
	var controllers []string
	for o := range strings.SplitSeq(options, ",") {
		switch o {
		case "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "net_cls", "net_prio", "perf_event", "hugetlb", "rdma", "misc":
			controllers = append(controllers, o)
		default:
			if strings.HasPrefix(o, "name=") {
				controllers = append(controllers, o)
			}
		}
	}
	return controllers
}

// controllersOf names what there is. Devices and freezing belong to version 2 itself.
func controllersOf(v2 bool, hierarchies []hierarchy) (map[string]bool, error) {
	controllers := map[string]bool{}
	if !v2 {
		for _, h := range hierarchies {
			for _, c := range h.controllers {
				controllers[c] = true
			}
		}
		return controllers, nil
	}
	available, err := os.ReadFile(filepath.Join(hierarchies[0].dir, "cgroup.controllers"))
	if err != nil {
		return nil, err
	}
	for c := range strings.FieldsSeq(string(available)) {
		controllers[c] = true
	}
	controllers["devices"], controllers["freezer"] = true, true
	return controllers, nil
}

// mounted says whether a path leads to a file system of this kind.
func mounted(dir string, magic int64) bool {
	var fs unix.Statfs_t
	return unix.Statfs(dir, &fs) == nil && fs.Type == magic
}

// holder is the hierarchy that has a controller.
func (h *Host) holder(controller string) (hierarchy, bool) {
	if h.V2 {
		return h.hierarchies[0], h.Controllers[controller]
	}
	for _, hierarchy := range h.hierarchies {
		if slices.Contains(hierarchy.controllers, controller) {
			return hierarchy, true
		}
	}
	return hierarchy{}, false
}
