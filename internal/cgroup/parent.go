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

// prepare makes a parent ready for groups. It costs next to nothing the second time; again says that the first time's work is gone.
func (h *Host) prepare(parent string, again bool) error {
	if _, ok := h.ready.Load(parent); ok && !again {
		return nil
	}
	h.preparing.Lock()
	defer h.preparing.Unlock()
	owned := "/" // from here down the tree is ours to arrange
	if isSlice(parent) {
		if err := startUnit(parent); err != nil {
			return err
		}
		owned = parentPath(parent)
	}
	for _, hierarchy := range h.hierarchies {
		var err error
		if h.V2 {
			err = delegate(hierarchy.dir, owned, parentPath(parent))
		} else {
			err = makePath(hierarchy, parentPath(parent))
		}
		if err != nil {
			return err
		}
	}
	h.ready.Store(parent, true)
	return nil
}

// RemoveParent removes a parent that has no groups any more, and the groups above it that are empty then; or stops the
// unit that systemd keeps for it. A parent that is not there, or not empty, is left as it is.
func (h *Host) RemoveParent(parent string) error {
	h.preparing.Lock()
	defer h.preparing.Unlock()
	h.ready.Delete(parent)
	if isSlice(parent) {
		return stopUnit(parent)
	}
	for _, hierarchy := range h.everywhere() {
		for p := path.Clean(parent); p != "/" && p != "."; p = path.Dir(p) {
			if removeEmpty(filepath.Join(hierarchy.dir, p)) != nil {
				break
			}
		}
	}
	return nil
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

// makePath makes a parent in a hierarchy of version 1.
func makePath(h hierarchy, parent string) error {
	for _, level := range levels(parent)[1:] {
		dir := filepath.Join(h.dir, level)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		if slices.Contains(h.controllers, "cpuset") {
			if err := inheritCpuset(dir); err != nil {
				return err
			}
		}
	}
	return nil
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
// belongs to systemd, which has seen to it.
func delegate(root, owned, parent string) error {
	for _, level := range levels(parent) {
		dir := filepath.Join(root, level)
		if level != "/" {
			if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
				return err
			}
		}
		if owned != "/" && len(level) < len(owned) {
			continue
		}
		if err := handDown(dir); err != nil {
			return fmt.Errorf("hand controllers down: %w", err)
		}
	}
	return nil
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
