package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// usage is what the daemon takes of the host beside what belongs to its containers. The kernel objects that it holds by
// descriptors, such as namespaces, count among these.
type usage struct {
	descriptors, goroutines, shims, interfaces int
}

// usage tells what the daemon takes.
func (d *daemon) usage() (u usage) {
	d.t.Helper()
	var info struct{ NFd, NGoroutines int }
	if err := d.ask("GET", "/info", nil, &info); err != nil {
		d.t.Fatal(err)
	}
	return usage{info.NFd, info.NGoroutines, len(d.shims()), len(d.interfaces())}
}

// atRest waits until the daemon has its shims ready and takes no more from one moment to the next, and tells what it takes.
func (d *daemon) atRest() (u usage) {
	d.t.Helper()
	calm := 0
	d.eventually("the daemon is at rest", func() bool {
		now := d.usage()
		if now == u && u.shims == readyOnBridge+readyOthers && u.interfaces == readyOnBridge {
			calm++
		} else {
			calm = 0
		}
		u = now
		return calm >= 20
	})
	return u
}

// spare is how much more the daemon may take than before: what it keeps for the next time. A leak would be one for each
// of hundreds.
const spare = 4

// returnsTo waits until the daemon takes no more than it did, and nothing is left on the host of containers that are gone.
func (d *daemon) returnsTo(before usage) {
	d.t.Helper()
	var now usage
	var left []string
	if !await(func() bool {
		now = d.usage()
		left = d.containersLeft()
		return len(left) == 0 && now.descriptors <= before.descriptors+spare && now.goroutines <= before.goroutines+spare &&
			now.shims <= before.shims && now.interfaces <= before.interfaces
	}) {
		d.t.Fatalf("the daemon took %+v, and takes %+v; left of containers: %s; its descriptors are %s",
			before, now, strings.Join(left, ", "), descriptorsOf(d.cmd.Process.Pid))
	}
}

// containersLeft is what the host holds that can only be a container's, while there is none.
func (d *daemon) containersLeft() (left []string) {
	for what, list := range map[string][]string{"mount": d.mounts(), "packet rule": d.packetRules(), "cgroup": d.cgroups(), "file": d.files()} {
		for _, l := range list {
			if what == "file" && strings.HasPrefix(l, d.dir+"/run/shims/") || what == "cgroup" && strings.HasSuffix(l, "/"+d.name) {
				continue // of the daemon and its ready shims
			}
			left = append(left, what+" "+l)
		}
	}
	return left
}

// resident is the memory of a process in KiB.
func resident(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			n, _ := strconv.Atoi(f[1])
			return n
		}
	}
	return 0
}

// descriptorsOf are those that a process has open, by what they lead to.
func descriptorsOf(pid int) (list []string) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	open, _ := os.ReadDir(dir)
	for _, fd := range open {
		to, _ := os.Readlink(filepath.Join(dir, fd.Name()))
		list = append(list, to)
	}
	slices.Sort(list)
	return list
}
