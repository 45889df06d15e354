package plan

import (
	"path"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A container that another runtime of the host is to run gets its bundle in a file system in memory, which lies on a
// folder of the host in a mount namespace that only the runtime's processes see. The host's table of mounts shows
// nothing of it, and with the last of those processes and the shim it is gone. In it are, beside the runtime's own files:
const (
	BundleConfig  = "config.json" // the specification
	BundleRoot    = "rootfs"      // the container's root file system
	BundleConsole = "console"     // the socket on which the runtime gives the master end of the terminal that it has made
	BundleNull    = "null"        // a null device: runtimes change the owner of what they get as standard streams
	bundleMounts  = "mount"       // with a number behind: what is bound into the container, already with its owners and attributes
	bundleDevices = "device"      // with a number behind: device nodes for a container that may make none
)

// BundleMount gives the path of what the mount at an index of the specification binds.
func BundleMount(dir string, i int) string { return path.Join(dir, bundleMounts+strconv.Itoa(i)) }

// BundleDevice gives the path of a device node, by its index in the specification.
func BundleDevice(dir string, i int) string { return path.Join(dir, bundleDevices+strconv.Itoa(i)) }

// standard are the device nodes that every runtime makes by itself (runtime-spec, "Default Devices").
var standard = map[string][2]int64{
	"/dev/null": {1, 3}, "/dev/zero": {1, 5}, "/dev/full": {1, 7}, "/dev/random": {1, 8}, "/dev/urandom": {1, 9}, "/dev/tty": {5, 0},
}

// IsStandard tells whether every runtime makes a device node at a path by itself.
func IsStandard(path string) bool { return standard[path] != [2]int64{} }

// IsInPlace tells whether a bind is left for the runtime to make of the host's path. Control groups can be seen by
// everybody and take no other owners; and where there are several mounts of them, a runtime may take the wrong one.
func IsInPlace(m specs.Mount) bool {
	const groups = "/sys/fs/cgroup"
	return IsBind(m) && (m.Source == groups || strings.HasPrefix(m.Source, groups+"/"))
}

// InBundle tells whether a device node is made in the bundle: in a user namespace no runtime can make one, and runtimes
// show the host's node of the same path instead, which is another's if the path was to change.
func InBundle(d specs.LinuxDevice, userNS bool) bool {
	return userNS && standard[path.Clean(d.Path)] != [2]int64{d.Major, d.Minor}
}
