package engine

import (
	"fmt"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
	"tug/internal/oci"
)

// devices adds device nodes, the rules for them, and the limits.
func (e *Engine) devices(in *oci.Input, h *container.HostConfig) (err error) {
	rules := oci.DefaultDeviceRules()
	if h.Privileged {
		rules = oci.AllDevices()
		if in.Devices, err = privilegedDevices(h.Devices); err != nil {
			return err
		}
	} else {
		nodes, more, err := oci.Devices(h.Devices)
		if err != nil {
			return err
		}
		in.Devices, rules = nodes, append(rules, more...)
		for _, text := range h.DeviceCgroupRules {
			rule, err := oci.DeviceRule(text)
			if err != nil {
				return err
			}
			rules = append(rules, rule)
		}
	}
	in.Resources, err = oci.Resources(&h.Resources, rules)
	return err
}

// privilegedDevices are all of the host's, and those that are to be seen under other names as well. Errors: InvalidArgument.
func privilegedDevices(asked []container.Device) ([]specs.LinuxDevice, error) {
	all := oci.AllHostDevices()
	more, _, err := oci.Devices(slices.DeleteFunc(slices.Clone(asked), func(d container.Device) bool { return d.PathInContainer == d.PathOnHost }))
	if err != nil {
		return nil, err
	}
	for _, d := range more {
		if slices.ContainsFunc(all, func(has specs.LinuxDevice) bool { return has.Path == d.Path }) {
			return nil, invalid("container device path: %s must be different from any host device path for privileged mode containers", d.Path)
		}
	}
	return append(all, more...), nil
}

// deviceWarnings tells what a privileged container's devices will not be as they were asked for.
func deviceWarnings(h *container.HostConfig) (warnings []string) {
	if !h.Privileged {
		return nil
	}
	for _, d := range h.Devices {
		if d.CgroupPermissions != "" && d.CgroupPermissions != "rwm" {
			warnings = append(warnings, fmt.Sprintf("custom %s permissions for device %s are ignored in privileged mode", d.CgroupPermissions, d.PathOnHost))
		}
		if d.PathOnHost == d.PathInContainer {
			warnings = append(warnings, fmt.Sprintf("path in container %s already exists in privileged mode", d.PathInContainer))
		}
	}
	return warnings
}
