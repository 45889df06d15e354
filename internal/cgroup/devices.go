package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/cgroups"
	_ "github.com/opencontainers/cgroups/devices" // fills in cgroups.DevicesSetV1 and cgroups.DevicesSetV2
	"github.com/opencontainers/cgroups/devices/config"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// allowDevices sets which devices the group may use; no rules change nothing. Later rules stand above earlier ones.
//
// A new group of version 1 takes the usual rules as they come. One with running processes is brought from its present rules to
// the new ones by the smallest number of steps, so that no process sees a moment without its devices; and so are rules that take back
// what an earlier one allows, which the kernel may silently ignore. Version 2 has a small eBPF program, which is replaced at once.
func (g *Group) allowDevices(rules []specs.LinuxDeviceCgroup, isNew bool) error {
	if len(rules) == 0 {
		return nil
	}
	translated := make([]*config.Rule, len(rules))
	for i, r := range rules {
		rule, err := deviceRule(r)
		if err != nil {
			return err
		}
		translated[i] = rule
	}
	dir := g.dir("devices")
	var err error
	switch {
	case dir == "":
		return fmt.Errorf("device rules (--device): this kernel has no devices cgroup controller, or it is not mounted: %w", errdefs.ErrFailedPrecondition)
	case g.host.V2 && isNew:
		err = g.host.filters.apply(dir, translated)
	case g.host.V2:
		err = cgroups.DevicesSetV2(dir, &cgroups.Resources{Devices: translated})
	case isNew && plainRules(translated):
		err = writeDeviceRules(dir, translated)
	default:
		err = cgroups.DevicesSetV1(dir, &cgroups.Resources{Devices: translated})
	}
	if err != nil {
		return fmt.Errorf("device rules (--device): %w", err)
	}
	return nil
}

// plainRules says whether nothing is forbidden again once something is allowed.
func plainRules(rules []*config.Rule) bool {
	allowed := false
	for _, r := range rules {
		if allowed && !r.Allow {
			return false
		}
		allowed = allowed || r.Allow
	}
	return true
}

// writeDeviceRules writes rules to a group of version 1, one at a time, as the kernel wants it.
func writeDeviceRules(dir string, rules []*config.Rule) (err error) {
	var files [2]*os.File
	for i, name := range []string{"devices.deny", "devices.allow"} {
		f, e := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|unix.O_CLOEXEC, 0)
		if e != nil {
			return e
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		files[i] = f
	}
	for _, r := range rules {
		to := files[0]
		if r.Allow {
			to = files[1]
		}
		if _, err := to.WriteString(r.CgroupString()); err != nil {
			return fmt.Errorf("%s: %w", r.CgroupString(), err)
		}
	}
	return nil
}

// deviceRule translates a rule of the specification, where what is left out means any.
func deviceRule(r specs.LinuxDeviceCgroup) (*config.Rule, error) {
	rule := &config.Rule{Allow: r.Allow, Type: config.WildcardDevice, Major: config.Wildcard, Minor: config.Wildcard, Permissions: config.Permissions(r.Access)}
	switch r.Type {
	case "", "a":
	case "b":
		rule.Type = config.BlockDevice
	case "c", "u":
		rule.Type = config.CharDevice
	default:
		return nil, fmt.Errorf("device rule: %q is no type of device, use a, b or c: %w", r.Type, errdefs.ErrInvalidArgument)
	}
	if r.Major != nil {
		rule.Major = *r.Major
	}
	if r.Minor != nil {
		rule.Minor = *r.Minor
	}
	if rule.Major < -1 || rule.Minor < -1 {
		return nil, fmt.Errorf("device rule: numbers %d:%d of a device cannot be negative: %w", rule.Major, rule.Minor, errdefs.ErrInvalidArgument)
	}
	if r.Access == "" {
		rule.Permissions = "rwm"
	}
	for _, p := range r.Access {
		if p != 'r' && p != 'w' && p != 'm' {
			return nil, fmt.Errorf("device rule: access %q is not made of r, w and m: %w", r.Access, errdefs.ErrInvalidArgument)
		}
	}
	return rule, nil
}
