package engine

import (
	"bufio"
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"

	"tug/internal/container"
	"tug/internal/image"
	"tug/internal/logs/logopt"
	"tug/internal/network"
)

// Version tells which build of the engine this is.
func (e *Engine) Version() Version {
	v := e.Build
	v.GoVersion, v.Arch = runtime.Version(), runtime.GOARCH
	v.KernelVersion, _, _ = kernelRelease()
	return v
}

// Info tells of the engine and its host.
func (e *Engine) Info(ctx context.Context) Info {
	s := e.now()
	i := Info{
		ID: e.id, Driver: "overlayfs", DriverStatus: [][2]string{{"Supports id-mapped layers", strconv.FormatBool(e.kernel.IDMapped)}},
		LoggingDriver: logopt.JSONFile, LogDrivers: []string{logopt.JSONFile, logopt.Local, logopt.None}, VolumeDrivers: []string{"local"},
		NetworkDrivers: []string{network.DriverBridge, network.DriverHost, network.DriverNone},
		CgroupDriver:   "cgroupfs", CgroupVersion: "1", Architecture: machine(), NCPU: runtime.NumCPU(), MemTotal: memTotal(),
		RootDir: e.dataRoot, ServerVersion: e.Build.Version, Runtimes: s.Runtimes.List(), DefaultRuntime: s.Runtimes.Default(),
		SecurityOptions: s.Defaults.shown(), Warnings: e.cgroups.Warnings(), Mirrors: s.Reach.Mirrors, Insecure: s.Reach.Insecure, Debug: s.Debug, Labels: s.Labels,
		IPv4Forwarding: true,
	}
	i.HTTPProxy, i.HTTPSProxy, i.NoProxy = shownProxies()
	if e.cgroups.V2 {
		i.CgroupVersion = "2"
	}
	can := e.cgroups.Support()
	i.MemoryLimit, i.SwapLimit, i.PidsLimit, i.OomKillDisable = can.Memory, can.Swap, can.Pids, can.OOMKillDisable
	i.CPUCfs, i.CPUShares, i.CPUSet = can.CPUQuota, can.CPUShares, can.Cpuset
	if e.UserNS {
		i.SecurityOptions = append(i.SecurityOptions, "name=userns")
	}
	if e.noUserNS != "" {
		i.Warnings = append(i.Warnings, "WARNING: No user namespace support: "+e.noUserNS+", so the root of containers is the host's")
	}
	i.Name, _ = os.Hostname()
	i.KernelVersion, _, _ = kernelRelease()
	i.OperatingSystem, i.OSVersion = osRelease()
	for _, r := range e.containers.List() {
		i.Containers++
		switch r.State.Status {
		case container.Running:
			i.Running++
		case container.Paused:
			i.Paused++
		default:
			i.Stopped++
		}
	}
	if images, err := e.images.List(ctx, image.ListOptions{}); err == nil {
		i.Images = len(images)
	}
	return i
}

// machine is the architecture in uname's words.
func machine() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
}

func memTotal() int64 {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(data))
	if len(f) < 2 {
		return 0
	}
	kib, _ := strconv.ParseInt(f[1], 10, 64)
	return kib << 10
}

// osRelease gives the name and the version of the host's distribution (os-release(5)).
func osRelease() (name, version string) {
	f, err := os.Open("/etc/os-release")
	if err != nil {
		return "Linux", ""
	}
	defer f.Close()
	name = "Linux"
	for s := bufio.NewScanner(f); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), "=")
		value = strings.Trim(value, `"`)
		switch key {
		case "PRETTY_NAME":
			name = value
		case "VERSION_ID":
			version = value
		}
	}
	return name, version
}

// RemoveImage takes names from an image, and removes it with its last one. Errors: NotFound, Conflict (in use).
// Which containers use it is known here: o says nothing of that.
func (e *Engine) RemoveImage(ctx context.Context, ref string, o image.RemoveOptions) ([]image.Removed, error) {
	img, unknown := e.images.Get(ctx, ref)
	if unknown != nil && !errdefs.IsNotFound(unknown) {
		return nil, unknown
	}
	o.InUse = e.usersOf
	removed, err := e.images.Remove(ctx, ref, o)
	if unknown == nil { // of a damaged image, which can be removed, nobody has heard
		e.publishRemoved(&img, removed)
	}
	return removed, err
}

// usersOf tells which containers were made of an image.
func (e *Engine) usersOf(id digest.Digest) []image.User {
	var users []image.User
	for _, r := range e.containers.List() {
		if r.ImageID == id.String() {
			users = append(users, image.User{Container: r.ID, Running: alive(r)})
		}
	}
	return users
}
