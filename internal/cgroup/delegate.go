package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
)

// Delegate gives a group of version 2 to a user, who may then make groups below it and move its processes between them. The
// group's own limits stay out of the user's reach: only the files that the kernel names for it change hands.
func (g *Group) Delegate(uid, gid int) error {
	if !g.host.V2 {
		return fmt.Errorf("delegate cgroup %s: it takes cgroup version 2: %w", g.path, errdefs.ErrFailedPrecondition)
	}
	files := []string{"cgroup.procs", "cgroup.threads", "cgroup.subtree_control"}
	if text, err := os.ReadFile("/sys/kernel/cgroup/delegate"); err == nil {
		files = strings.Fields(string(text))
	}
	for _, f := range append([]string{"."}, files...) {
		if err := os.Lchown(filepath.Join(g.Dir(), f), uid, gid); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("delegate cgroup %s: %w", g.path, err)
		}
	}
	return nil
}

// DirOf is the directory of the group, of this one or below it, in which a process is: one that has handed controllers
// down takes no process itself. It is that of Dir if the process is in none of them.
func (g *Group) DirOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil || !g.host.V2 {
		return g.Dir()
	}
	return g.dirBelow(string(text))
}

// dirBelow reads a process's table of groups.
func (g *Group) dirBelow(table string) string {
	for line := range strings.Lines(table) {
		in, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::")
		if below := strings.TrimPrefix(in, g.path+"/"); ok && below != in && filepath.IsLocal(below) {
			return filepath.Join(g.Dir(), below)
		}
	}
	return g.Dir()
}
