package oci

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/container"
)

// Resources translates the limits of a container. Device rules are given by the caller. Block devices named by their
// paths are looked up on the host. Errors: InvalidArgument.
func Resources(r *container.Resources, devices []specs.LinuxDeviceCgroup) (*specs.LinuxResources, error) {
	out := &specs.LinuxResources{Devices: devices, Memory: memory(r), CPU: cpu(r)}
	if p := r.PidsLimit; p != nil && *p != 0 {
		limit := *p
		if limit < 0 {
			limit = -1
		}
		out.Pids = &specs.LinuxPids{Limit: &limit}
	}
	var err error
	out.BlockIO, err = blockIO(r)
	return out, err
}

func some[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func memory(r *container.Resources) *specs.LinuxMemory {
	m := &specs.LinuxMemory{Limit: some(r.Memory), Reservation: some(r.MemoryReservation), Swap: some(r.MemorySwap), DisableOOMKiller: r.OomKillDisable}
	if r.Memory > 0 && r.MemorySwap == 0 {
		m.Swap = some(container.DefaultSwap(r.Memory))
	}
	if s := r.MemorySwappiness; s != nil && *s >= 0 {
		n := uint64(*s)
		m.Swappiness = &n
	}
	if *m == (specs.LinuxMemory{}) {
		return nil
	}
	return m
}

func cpu(r *container.Resources) *specs.LinuxCPU {
	c := &specs.LinuxCPU{
		Shares: some(uint64(r.CPUShares)), Quota: some(r.CPUQuota), Period: some(uint64(r.CPUPeriod)), Cpus: r.CpusetCpus, Mems: r.CpusetMems,
		RealtimePeriod: some(uint64(r.CPURealtimePeriod)), RealtimeRuntime: some(r.CPURealtimeRuntime),
	}
	if r.NanoCPUs > 0 {
		const period = 100_000 // microseconds
		c.Period, c.Quota = some(uint64(period)), some(r.NanoCPUs*period/1e9)
	}
	if *c == (specs.LinuxCPU{}) {
		return nil
	}
	return c
}

func blockIO(r *container.Resources) (*specs.LinuxBlockIO, error) {
	b := &specs.LinuxBlockIO{Weight: some(r.BlkioWeight)}
	for _, d := range r.BlkioWeightDevice {
		major, minor, err := blockDevice(d.Path)
		if err != nil {
			return nil, err
		}
		w := specs.LinuxWeightDevice{Weight: some(d.Weight)}
		w.Major, w.Minor = major, minor
		b.WeightDevice = append(b.WeightDevice, w)
	}
	for _, t := range []struct {
		from []container.ThrottleDevice
		to   *[]specs.LinuxThrottleDevice
	}{
		{r.BlkioDeviceReadBps, &b.ThrottleReadBpsDevice},
		{r.BlkioDeviceWriteBps, &b.ThrottleWriteBpsDevice},
		{r.BlkioDeviceReadIOps, &b.ThrottleReadIOPSDevice},
		{r.BlkioDeviceWriteIOps, &b.ThrottleWriteIOPSDevice},
	} {
		for _, d := range t.from {
			major, minor, err := blockDevice(d.Path)
			if err != nil {
				return nil, err
			}
			td := specs.LinuxThrottleDevice{Rate: d.Rate}
			td.Major, td.Minor = major, minor
			*t.to = append(*t.to, td)
		}
	}
	if b.Weight == nil && b.WeightDevice == nil && b.ThrottleReadBpsDevice == nil && b.ThrottleWriteBpsDevice == nil &&
		b.ThrottleReadIOPSDevice == nil && b.ThrottleWriteIOPSDevice == nil {
		return nil, nil
	}
	return b, nil
}

func blockDevice(path string) (major, minor int64, err error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, 0, fmt.Errorf("stat %s: %w: %w", path, err, errdefs.ErrInvalidArgument)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFBLK {
		return 0, 0, fmt.Errorf("%s is no block device: %w", path, errdefs.ErrInvalidArgument)
	}
	return int64(unix.Major(st.Rdev)), int64(unix.Minor(st.Rdev)), nil
}

// Devices finds the nodes on the host that a container is to get, with the rules that let it use them. A folder gives
// all nodes below it. Errors: InvalidArgument.
func Devices(mappings []container.Device) (nodes []specs.LinuxDevice, rules []specs.LinuxDeviceCgroup, err error) {
	for _, m := range mappings {
		if info, err := os.Stat(m.PathOnHost); err == nil && info.IsDir() { // a link to a folder would not be walked into
			if m.PathOnHost, err = filepath.EvalSymlinks(m.PathOnHost); err != nil {
				return nil, nil, fmt.Errorf("device folder: %w: %w", err, errdefs.ErrInvalidArgument)
			}
		}
		err := filepath.WalkDir(m.PathOnHost, func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				return nil
			}
			inside := m.PathInContainer + strings.TrimPrefix(path, m.PathOnHost)
			node, ok, err := deviceNode(path, inside)
			if err != nil || !ok {
				if path == m.PathOnHost && err == nil {
					err = fmt.Errorf("%s is no device node", path)
				}
				return err
			}
			access := m.CgroupPermissions
			if access == "" {
				access = "rwm"
			}
			nodes = append(nodes, node)
			rules = append(rules, specs.LinuxDeviceCgroup{Allow: true, Type: node.Type, Major: &node.Major, Minor: &node.Minor, Access: access})
			return nil
		})
		if fault := new(os.PathError); errors.As(err, &fault) && fault.Path == m.PathOnHost {
			err = fault.Err // the path is said already
		}
		if err != nil {
			return nil, nil, fmt.Errorf("error gathering device information while adding custom device %q: %w: %w", m.PathOnHost, err, errdefs.ErrInvalidArgument)
		}
	}
	return nodes, rules, nil
}

// AllHostDevices are the nodes below the host's /dev, for a privileged container.
func AllHostDevices() []specs.LinuxDevice {
	var nodes []specs.LinuxDevice
	filepath.WalkDir("/dev", func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return nil // a node that goes while we look
		}
		if entry.IsDir() {
			switch path {
			case "/dev/pts", "/dev/shm", "/dev/fd", "/dev/mqueue", "/dev/.lxc", "/dev/.lxd-mounts", "/dev/.udev":
				return filepath.SkipDir
			}
			return nil
		}
		if path == "/dev/console" {
			return nil
		}
		if node, ok, err := deviceNode(path, path); err == nil && ok {
			nodes = append(nodes, node)
		}
		return nil
	})
	return nodes
}

func deviceNode(path, inside string) (specs.LinuxDevice, bool, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return specs.LinuxDevice{}, false, err
	}
	kind := map[uint32]string{unix.S_IFCHR: "c", unix.S_IFBLK: "b"}[st.Mode&unix.S_IFMT]
	if kind == "" {
		return specs.LinuxDevice{}, false, nil
	}
	mode := os.FileMode(st.Mode & 0o777)
	return specs.LinuxDevice{
		Path: inside, Type: kind, Major: int64(unix.Major(st.Rdev)), Minor: int64(unix.Minor(st.Rdev)),
		FileMode: &mode, UID: some(st.Uid), GID: some(st.Gid),
	}, true, nil
}

// DeviceRule reads a rule as of --device-cgroup-rule: "c 42:* rmw". Errors: InvalidArgument.
func DeviceRule(text string) (specs.LinuxDeviceCgroup, error) {
	bad := fmt.Errorf("invalid device cgroup rule format: '%s': it is like 'c 42:* rmw': %w", text, errdefs.ErrInvalidArgument)
	f := strings.Fields(text)
	if len(f) != 3 || len(f[0]) != 1 || !strings.Contains("acb", f[0]) || strings.Trim(f[2], "rwm") != "" {
		return specs.LinuxDeviceCgroup{}, bad
	}
	rule := specs.LinuxDeviceCgroup{Allow: true, Type: f[0], Access: f[2]}
	major, minor, ok := strings.Cut(f[1], ":")
	if !ok {
		return specs.LinuxDeviceCgroup{}, bad
	}
	for _, p := range []struct {
		text string
		to   **int64
	}{{major, &rule.Major}, {minor, &rule.Minor}} {
		if p.text == "*" {
			continue
		}
		n, err := strconv.ParseInt(p.text, 10, 32)
		if err != nil || n < 0 {
			return specs.LinuxDeviceCgroup{}, bad
		}
		*p.to = &n
	}
	return rule, nil
}
