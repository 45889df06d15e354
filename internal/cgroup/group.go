package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Group is a container's control group.
type Group struct {
	host *Host
	path string // below the root of each hierarchy: "/tug/4f6a"
}

// Create makes a group below a parent ("/tug", or a systemd slice like "machine.slice"), which is made too if need be, and sets its limits.
// On an error nothing of the group is left.
//
// Errors: ErrAlreadyExists, ErrInvalidArgument for a name or a value that cannot be, ErrFailedPrecondition for a limit or a parent that
// this host does not allow.
func (h *Host) Create(parent, name string, r *specs.LinuxResources) (_ *Group, err error) {
	if err := checkNames(parent, name); err != nil {
		return nil, err
	}
	g := h.Open(parent, name)
	if err := h.below(parent, g.makeDirs); err != nil {
		return nil, fmt.Errorf("make cgroup %s: %w", g.path, err)
	}
	if err := g.limit(r, true); err != nil {
		return nil, errors.Join(err, g.Delete())
	}
	return g, nil
}

// Open returns the group of this name, without looking whether it exists.
func (h *Host) Open(parent, name string) *Group {
	return &Group{host: h, path: path.Join(parentPath(parent), name)}
}

// Update changes limits, all or none; what r leaves out stays as it is. Errors are those of Create.
func (g *Group) Update(r *specs.LinuxResources) error {
	return g.limit(r, false)
}

// JoinFiles are the files into which a process writes "0" to move itself into the group. On version 1 this moves the one thread that writes;
// moving a whole process takes a lock that stops every fork of the host for milliseconds.
func (g *Group) JoinFiles() []string {
	file := "tasks"
	if g.host.V2 {
		file = "cgroup.procs"
	}
	return g.inEach(file)
}

// Dir is the group's directory if it is one that a process can be cloned into (CLONE_INTO_CGROUP), "" on version 1.
func (g *Group) Dir() string {
	if !g.host.V2 {
		return ""
	}
	return g.dirIn(g.host.hierarchies[0])
}

// Path is the group's path below the root of the hierarchies, as /proc/PID/cgroup shows it.
func (g *Group) Path() string { return g.path }

// Parent is the path of the group above.
func (g *Group) Parent() string { return path.Dir(g.path) }

func (g *Group) dirIn(h hierarchy) string { return filepath.Join(h.dir, g.path) }

// inEach joins a file's name to the group's directory in each hierarchy.
func (g *Group) inEach(file string) []string {
	files := make([]string, len(g.host.hierarchies))
	for i, h := range g.host.hierarchies {
		files[i] = filepath.Join(h.dir, g.path, file)
	}
	return files
}

// dir is the group's directory in the hierarchy that has a controller, "" if none has.
func (g *Group) dir(controller string) string {
	h, ok := g.host.holder(controller)
	if !ok {
		return ""
	}
	return g.dirIn(h)
}

// makeDirs makes the group in each hierarchy, or in none.
func (g *Group) makeDirs() error {
	for i, h := range g.host.hierarchies {
		err := os.Mkdir(g.dirIn(h), 0o755)
		if err == nil {
			continue
		}
		for _, made := range g.host.hierarchies[:i] {
			_ = unix.Rmdir(g.dirIn(made))
		}
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%w: %w", err, errdefs.ErrAlreadyExists)
		}
		return err
	}
	return nil
}

// Delete removes the group and any that its processes made below it. A group that is not there is none to remove. Processes that just
// died may hold a group for a moment, so this tries for up to a second; ErrFailedPrecondition says that there still are processes.
func (g *Group) Delete() error {
	var errs []error
	deadline := time.Now().Add(time.Second)
	for _, h := range slices.Backward(g.host.everywhere()) {
		errs = append(errs, removeTree(g.dirIn(h), deadline))
	}
	if err := errors.Join(errs...); err != nil {
		if pids, _ := g.Pids(); len(pids) > 0 {
			return fmt.Errorf("remove cgroup %s: processes %v are still in it: %w", g.path, pids, errdefs.ErrFailedPrecondition)
		}
		return fmt.Errorf("remove cgroup %s: %w", g.path, err)
	}
	return nil
}

// removeTree removes a group and, if it has any, those below it first.
func removeTree(dir string, deadline time.Time) error {
	err := removeEmpty(dir)
	if !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.ENOTEMPTY) {
		return err
	}
	for wait := time.Millisecond; ; wait *= 2 {
		children, _ := os.ReadDir(dir)
		for _, child := range children {
			if child.IsDir() {
				if err := removeTree(filepath.Join(dir, child.Name()), deadline); err != nil {
					return err
				}
			}
		}
		err := removeEmpty(dir)
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(wait)
	}
}

func removeEmpty(dir string) error {
	if err := unix.Rmdir(dir); err != nil && err != unix.ENOENT {
		return &os.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	return nil
}

// checkNames refuses what would lead out of the hierarchy or into somebody else's part of it.
func checkNames(parent, name string) error {
	if name == "" || name == aside || name == "." || name == ".." || strings.ContainsAny(name, "/\n") {
		return fmt.Errorf("%q cannot be the name of a cgroup: %w", name, errdefs.ErrInvalidArgument)
	}
	return CheckParent(parent)
}

// CheckParent tells whether groups can lie below a parent of that name. Errors: InvalidArgument.
func CheckParent(parent string) error {
	if isSlice(parent) {
		_, err := slicePath(parent)
		return err
	}
	if !strings.HasPrefix(parent, "/") || path.Clean(parent) != parent || strings.Contains(parent, "\n") {
		return fmt.Errorf("cgroup parent %q must be a plain absolute path, such as /tug, or the name of a systemd slice: %w", parent, errdefs.ErrInvalidArgument)
	}
	return nil
}
