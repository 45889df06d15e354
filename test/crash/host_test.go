package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// limitOf gives the limit of memory in a container's cgroup, in bytes, or 0.
func (d *daemon) limitOf(id string) int64 {
	for _, file := range []string{"memory/" + d.name + "/" + id + "/memory.limit_in_bytes", d.name + "/" + id + "/memory.max"} {
		if text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", file)); err == nil {
			n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			return n
		}
	}
	return 0
}

// The shims that a daemon keeps ready: with an interface on its bridge, and for containers on other networks.
const (
	readyOnBridge = 4
	readyOthers   = 2
)

// holdings is what a host may hold for containers.
type holdings struct {
	groups  []string // the last part of the names of cgroups
	folders []string // of all containers, running or not
	shims   int      // at most
	links   int      // on the default bridge, at most
	bridges []string
	ports   int
}

// expected is what the host is to hold for the containers that there are.
func (w *world) expected(all map[string]found) (h holdings) {
	h.shims, h.links = readyOnBridge+readyOthers, readyOnBridge
	for name, f := range all {
		b := w.boxes[name]
		h.folders = append(h.folders, f.ID)
		if !b.alive() {
			continue
		}
		h.groups = append(h.groups, f.ID)
		h.shims++
		if b.network == "" {
			h.links++
		}
		if b.port != 0 {
			h.ports++
		}
	}
	for n := range w.networks {
		h.bridges = append(h.bridges, w.link(n))
	}
	for _, list := range [][]string{h.groups, h.folders, h.bridges} {
		slices.Sort(list)
	}
	return h
}

// checkHost sees that the host holds nothing that is no container's. Removals end in the background.
func (w *world) checkHost(all map[string]found) {
	w.t.Helper()
	h := w.expected(all)
	var faults []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if faults = w.beyond(h); len(faults) == 0 {
			return
		}
	}
	w.t.Errorf("the host holds what belongs to no container: %s", strings.Join(faults, "; "))
}

// beyond tells what there is that should not be, or is missing.
func (w *world) beyond(h holdings) (faults []string) {
	lists := func(what string, got, want []string) {
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			faults = append(faults, fmt.Sprintf("%s: %v, not %v", what, got, want))
		}
	}
	var groups []string
	for _, g := range w.cgroups() {
		if name := filepath.Base(g); len(name) == 64 {
			groups = append(groups, name)
		}
	}
	folders, _ := filepath.Glob(filepath.Join(w.dir, "data/containers/*"))
	for i := range folders {
		folders[i] = filepath.Base(folders[i])
	}
	bridges, _ := filepath.Glob("/sys/class/net/" + w.daemon.name + "n*")
	for i := range bridges {
		bridges[i] = filepath.Base(bridges[i])
	}
	lists("cgroups", groups, h.groups)
	lists("folders", folders, h.folders)
	lists("bridges", bridges, h.bridges)
	trash, _ := filepath.Glob(filepath.Join(w.dir, "data/trash/*"))
	lists("trash", trash, nil)
	lists("mounts", w.mounts(), nil)
	counts := func(what string, got, most int) {
		if got > most {
			faults = append(faults, fmt.Sprintf("%d %s, not %d", got, what, most))
		}
	}
	shimFolders, _ := filepath.Glob(filepath.Join(w.dir, "run/shims/*"))
	counts("shims", len(w.shims()), h.shims)
	counts("folders of shims", len(shimFolders), h.shims)
	counts("interfaces", len(w.interfaces()), h.links)
	if got := len(w.packetRules()); got != h.ports {
		faults = append(faults, fmt.Sprintf("%d published ports, not %d", got, h.ports))
	}
	return faults
}
