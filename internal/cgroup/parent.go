package cgroup

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// below makes a group's directories below a parent, which nobody removes meanwhile, and which is made first if it is not there.
func (h *Host) below(parent string, makeDirs func() error) error {
	err := error(unix.ENOENT)
	h.parents.RLock()
	if h.ready[parent] {
		err = makeDirs()
	}
	h.parents.RUnlock()
	if !errors.Is(err, unix.ENOENT) {
		return err
	}
	if isSlice(parent) {
		if err := startUnit(parent); err != nil {
			return fmt.Errorf("cgroup parent %s: %w", parent, err)
		}
	}
	h.parents.Lock()
	defer h.parents.Unlock()
	if err := h.prepare(parent); err != nil {
		return fmt.Errorf("cgroup parent %s: %w", parent, err)
	}
	return makeDirs()
}

// prepare makes a parent ready for groups. The caller holds the lock of parents.
func (h *Host) prepare(parent string) error {
	owned := "/" // from here down the tree is ours to arrange
	if isSlice(parent) {
		owned = parentPath(parent)
	}
	made := map[string]int{} // in how many hierarchies
	for _, hierarchy := range h.hierarchies {
		var levels []string
		var err error
		if h.V2 {
			levels, err = delegate(hierarchy.dir, owned, parentPath(parent))
		} else {
			levels, err = makePath(hierarchy, parentPath(parent))
		}
		if err != nil {
			return err
		}
		for _, level := range levels {
			made[level]++
		}
	}
	for level, times := range made {
		if times == len(h.hierarchies) {
			h.made[level] = true
		}
	}
	h.ready[parent] = true
	return nil
}

// Made lists the groups down to a parent, that included, which were made because they were not there.
func (h *Host) Made(parent string) (list []string) {
	h.parents.RLock()
	defer h.parents.RUnlock()
	for _, level := range levels(parentPath(parent)) {
		if h.made[level] {
			list = append(list, level)
		}
	}
	return list
}

// Remember says what an earlier process was told by Made.
func (h *Host) Remember(made []string) {
	h.parents.Lock()
	defer h.parents.Unlock()
	for _, level := range made {
		h.made[level] = true
	}
}

// RemoveParent removes a parent that has no groups any more, and the groups above it that are empty then, as far as they
// were made because they were not there: what somebody else has made, maybe with limits, is his. Of a slice it stops the unit
// that systemd keeps for it. A parent that is not there, or not empty, is left as it is.
func (h *Host) RemoveParent(parent string) error {
	h.parents.Lock()
	defer h.parents.Unlock()
	if isSlice(parent) {
		delete(h.ready, parent)
		return stopUnit(parent)
	}
	for _, level := range slices.Backward(levels(path.Clean(parent))) {
		if !h.made[level] || !h.removeLevel(level) {
			break
		}
		delete(h.made, level)
		delete(h.ready, level)
	}
	return nil
}

// removeLevel removes a group without groups of its own in all hierarchies; not ok if there are some.
func (h *Host) removeLevel(level string) (ok bool) {
	ok = true
	for _, hierarchy := range h.everywhere() {
		if removeEmpty(filepath.Join(hierarchy.dir, level)) != nil {
			ok = false
		}
	}
	return ok
}

// levels lists the groups from the root to a path, both included.
func levels(to string) []string {
	all := []string{to}
	for to != "/" {
		to = path.Dir(to)
		all = append(all, to)
	}
	slices.Reverse(all)
	return all
}

// makePath makes a parent in a hierarchy of version 1, and tells which groups were not there.
func makePath(h hierarchy, parent string) (made []string, err error) {
	for _, level := range levels(parent)[1:] {
		dir := filepath.Join(h.dir, level)
		if err := makeLevel(dir, level, &made); err != nil {
			return made, err
		}
		if slices.Contains(h.controllers, "cpuset") {
			if err := inheritCpuset(dir); err != nil {
				return made, err
			}
		}
	}
	return made, nil
}

// makeLevel makes a group, and notes it if it was not there.
func makeLevel(dir, level string, made *[]string) error {
	err := os.Mkdir(dir, 0o755)
	switch {
	case err == nil:
		*made = append(*made, level)
	case errors.Is(err, os.ErrExist):
		err = nil
	}
	return err
}

// inheritCpuset gives a group its parent's processors and memory nodes if it has none, without which no process can
// enter, and makes the kernel do the same for the groups below it.
func inheritCpuset(dir string) error {
	if err := write(dir, "cgroup.clone_children", "1"); err != nil {
		return err
	}
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		own, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(own)) > 0 {
			continue
		}
		inherited, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
		if err != nil {
			return err
		}
		if err := write(dir, file, string(bytes.TrimSpace(inherited))); err != nil {
			return err
		}
	}
	return nil
}

// delegate makes a parent in the unified hierarchy and hands every controller down to its children. Above `owned` the tree
// belongs to systemd, which has seen to it. It tells which groups were not there.
func delegate(root, owned, parent string) (made []string, err error) {
	for _, level := range levels(parent) {
		dir := filepath.Join(root, level)
		if level != "/" {
			if err := makeLevel(dir, level, &made); err != nil {
				return made, err
			}
		}
		if owned != "/" && len(level) < len(owned) {
			continue
		}
		if err := handDown(dir); err != nil {
			return made, fmt.Errorf("hand controllers down: %w", err)
		}
	}
	return made, nil
}

// handDown gives a group's children the controllers that it has itself. A controller that cannot be handed down is no error: it is missed when
// somebody asks for its limits.
func handDown(dir string) error {
	have, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	given, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return err
	}
	already := strings.Fields(string(given))
	var missing []string
	for c := range strings.FieldsSeq(string(have)) {
		if !slices.Contains(already, c) {
			missing = append(missing, "+"+c)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := clearWay(dir); err != nil {
		return err
	}
	if write(dir, "cgroup.subtree_control", strings.Join(missing, " ")) == nil {
		return nil
	}
	for _, c := range missing {
		_ = write(dir, "cgroup.subtree_control", c)
	}
	return nil
}

// aside is the group for processes that were in the way of a parent's children. No container's group has this name.
const aside = "init"

// clearWay makes way for the kernel's rule that a group with processes of its own, other than the machine's root, cannot have children with
// limits. (If it were handed some controllers all the same, the kernel would turn it into a threaded group, which no process can enter.) Processes
// may be moved aside in two cases: at the root of a cgroup namespace, which is where an engine that itself runs in a container finds itself,
// and if the daemon is alone there.
func clearWay(dir string) error {
	if !exists(dir, "cgroup.type") { // the machine's root has none
		return nil
	}
	pids, err := pidsIn(dir)
	if err != nil {
		return err
	}
	if len(pids) == 0 {
		return nil
	}
	alone := len(pids) == 1 && pids[0] == os.Getpid()
	if !alone && !isNamespaceRoot(dir) {
		return fmt.Errorf("%s has processes of its own (%s), so the kernel lets no group below it have limits: move them into a group beside it, or choose another cgroup parent: %w",
			dir, describe(pids), errdefs.ErrFailedPrecondition)
	}
	to := filepath.Join(dir, aside)
	if err := os.Mkdir(to, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	for _, pid := range pids {
		if err := write(to, "cgroup.procs", strconv.Itoa(pid)); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("move process %d aside: %w", pid, err)
		}
	}
	return nil
}

// isNamespaceRoot says whether a directory is the root of the hierarchy as this process sees it.
func isNamespaceRoot(dir string) bool { return !mounted(filepath.Dir(dir), unix.CGROUP2_SUPER_MAGIC) }

// describe names some processes for people.
func describe(pids []int) string {
	const most = 3
	var words []string
	for _, pid := range pids[:min(len(pids), most)] {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		words = append(words, strings.TrimSpace(fmt.Sprintf("%d %s", pid, name)))
	}
	if len(pids) > most {
		words = append(words, fmt.Sprintf("and %d more", len(pids)-most))
	}
	return strings.Join(words, ", ")
}
