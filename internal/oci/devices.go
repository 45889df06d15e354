package oci

import (
	"io/fs"
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// defaultDevices are the nodes that the runtime specification wants in every container.
func defaultDevices() []specs.LinuxDevice {
	mode := fs.FileMode(0o666)
	node := func(path string, major, minor int64) specs.LinuxDevice {
		m := mode
		return specs.LinuxDevice{Path: path, Type: "c", Major: major, Minor: minor, FileMode: &m}
	}
	return []specs.LinuxDevice{
		node("/dev/null", 1, 3), node("/dev/zero", 1, 5), node("/dev/full", 1, 7),
		node("/dev/random", 1, 8), node("/dev/urandom", 1, 9), node("/dev/tty", 5, 0),
	}
}

// devices adds what was asked for to the default nodes, in whose places it comes.
func devices(asked []specs.LinuxDevice) []specs.LinuxDevice {
	list := slices.DeleteFunc(defaultDevices(), func(d specs.LinuxDevice) bool {
		return slices.ContainsFunc(asked, func(a specs.LinuxDevice) bool { return a.Path == d.Path })
	})
	return append(list, asked...)
}

// DefaultDeviceRules are the device rules of an unprivileged container, as Docker's: any node may be made, and only the
// harmless ones be used.
func DefaultDeviceRules() []specs.LinuxDeviceCgroup {
	rule := func(kind string, major, minor int64, access string) specs.LinuxDeviceCgroup {
		d := specs.LinuxDeviceCgroup{Allow: true, Type: kind, Access: access}
		if major >= 0 {
			d.Major = &major
		}
		if minor >= 0 {
			d.Minor = &minor
		}
		return d
	}
	return []specs.LinuxDeviceCgroup{
		{Allow: false, Access: "rwm"},
		rule("c", -1, -1, "m"), rule("b", -1, -1, "m"),
		rule("c", 1, 3, "rwm"), rule("c", 1, 5, "rwm"), rule("c", 1, 7, "rwm"), rule("c", 1, 8, "rwm"), rule("c", 1, 9, "rwm"),
		rule("c", 5, 0, "rwm"), rule("c", 5, 1, "rwm"), rule("c", 5, 2, "rwm"), rule("c", 136, -1, "rwm"),
	}
}

// AllDevices is the rule of a privileged container.
func AllDevices() []specs.LinuxDeviceCgroup {
	return []specs.LinuxDeviceCgroup{{Allow: true, Access: "rwm"}}
}

// ModeOf is the permissions of a node as the specification wants them.
func ModeOf(info os.FileInfo) *fs.FileMode {
	m := info.Mode().Perm()
	return &m
}
