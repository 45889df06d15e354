package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// setting is one value to be written to one file of a group.
type setting struct {
	controller  string // whose file it is
	file, value string
	what        string   // the limit in a person's words, with its flag
	again       bool     // refused before a later one is in place: try again then
	optional    bool     // a kernel that has no such file loses nothing
	otherwise   *setting // stands in for this one if there is no such file
}

// limit sets a group's limits. A new group has no processes yet and no rules for devices.
func (g *Group) limit(r *specs.LinuxResources, isNew bool) error {
	if r == nil {
		return nil
	}
	settings, err := g.host.translate(r)
	if err != nil {
		return err
	}
	apply := g.apply
	if !isNew {
		if err := g.roomFor(r.Memory); err != nil {
			return err
		}
		apply = g.applyOrUndo
	}
	if err := apply(settings); err != nil {
		return err
	}
	return g.allowDevices(r.Devices, isNew)
}

// roomFor refuses, on version 2, a limit for memory that is below what is in use and cannot be dropped: the kernel would take it and kill
// processes. Version 1 refuses by itself.
func (g *Group) roomFor(m *specs.LinuxMemory) error {
	if !g.host.V2 || m == nil || !set(m.Limit) || *m.Limit < 0 {
		return nil
	}
	usage, err := readNumber(g.Dir(), "memory.current")
	if err != nil {
		return optional(err)
	}
	stat, err := readMap(g.Dir(), "memory.stat")
	if err != nil {
		return optional(err)
	}
	kept := usage - min(usage, stat["inactive_file"]+stat["active_file"]+stat["slab_reclaimable"])
	if kept > uint64(*m.Limit) {
		return fmt.Errorf("memory limit (--memory) of %d bytes is less than the %d bytes in use: %w", *m.Limit, kept, errdefs.ErrFailedPrecondition)
	}
	return nil
}

// translate turns limits into settings for this host's version.
func (h *Host) translate(r *specs.LinuxResources) ([]setting, error) {
	if h.V2 {
		return settingsV2(r)
	}
	return settingsV1(r, h.features)
}

// apply writes settings in order.
func (g *Group) apply(settings []setting) error {
	var refused []setting
	for _, s := range settings {
		err := g.set(s)
		if s.again && errdefs.IsInvalidArgument(err) {
			refused = append(refused, s)
			continue
		}
		if err != nil {
			return err
		}
	}
	for _, s := range refused {
		if err := g.set(s); err != nil {
			return err
		}
	}
	return nil
}

func (g *Group) set(s setting) error {
	dir := g.dir(s.controller)
	if dir == "" && s.controller == coreController {
		dir = g.Dir()
	}
	if dir == "" {
		if s.optional {
			return nil
		}
		return fmt.Errorf("%s: this kernel has no %s cgroup controller, or it is not mounted: %w", s.what, s.controller, errdefs.ErrFailedPrecondition)
	}
	err := write(dir, s.file, s.value)
	if s.otherwise != nil && errors.Is(err, os.ErrNotExist) {
		return g.set(*s.otherwise)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrNotExist) && s.optional:
		return nil
	case errors.Is(err, os.ErrNotExist) && !exists(dir, "cgroup.procs"):
		return fmt.Errorf("%s: no cgroup %s: %w", s.what, g.path, errdefs.ErrNotFound)
	case errors.Is(err, os.ErrNotExist) && g.host.V2 && !handedDown(dir, s.controller):
		return fmt.Errorf("%s: the %s cgroup controller is not handed down to %s: see cgroup.subtree_control in the groups above it: %w",
			s.what, s.controller, dir, errdefs.ErrFailedPrecondition)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s: this kernel has no %s: %w", s.what, s.file, errdefs.ErrFailedPrecondition)
	case errors.Is(err, unix.EBUSY) && strings.HasSuffix(s.file, ".limit_in_bytes"):
		usage, _ := readNumber(dir, strings.TrimSuffix(s.file, "limit_in_bytes")+"usage_in_bytes")
		return fmt.Errorf("%s of %s bytes is less than the %d bytes in use: %w", s.what, s.value, usage, errdefs.ErrFailedPrecondition)
	}
	return s.refused(err)
}

// handedDown says whether a group of version 2 was given a controller by those above it.
func handedDown(dir, controller string) bool {
	have, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	return controller == coreController || err == nil && slices.Contains(strings.Fields(string(have)), controller)
}
