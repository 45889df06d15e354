package api

import (
	"cmp"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"time"

	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/api/types/system"
	"tug/internal/engine"
)

// systemInfo answers with what the engine and its host are.
func systemInfo(c *call) error {
	i := c.engine.Info(c.ctx())
	return c.json(http.StatusOK, showInfo(&i, c.version))
}

// oldInfo is what versions before 1.50 had besides.
type oldInfo struct {
	*system.Info
	BridgeNfIptables  bool
	BridgeNfIp6tables bool
}

// showInfo is it in the form of a version of the API.
func showInfo(i *engine.Info, v version) any {
	out := &system.Info{
		ID:                 i.ID,
		Containers:         i.Containers,
		ContainersRunning:  i.Running,
		ContainersPaused:   i.Paused,
		ContainersStopped:  i.Stopped,
		Images:             i.Images,
		Driver:             i.Driver,
		DriverStatus:       list(i.DriverStatus),
		Plugins:            system.PluginsInfo{Volume: list(i.VolumeDrivers), Network: list(i.NetworkDrivers), Log: list(i.LogDrivers)},
		MemoryLimit:        i.MemoryLimit,
		SwapLimit:          i.SwapLimit,
		CPUCfsPeriod:       i.CPUCfs,
		CPUCfsQuota:        i.CPUCfs,
		CPUShares:          i.CPUShares,
		CPUSet:             i.CPUSet,
		PidsLimit:          i.PidsLimit,
		IPv4Forwarding:     i.IPv4Forwarding,
		Debug:              i.Debug,
		OomKillDisable:     i.OomKillDisable,
		NGoroutines:        runtime.NumGoroutine(),
		NFd:                openDescriptors(),
		SystemTime:         time.Now().Format(time.RFC3339Nano),
		LoggingDriver:      i.LoggingDriver,
		CgroupDriver:       i.CgroupDriver,
		CgroupVersion:      i.CgroupVersion,
		KernelVersion:      i.KernelVersion,
		OperatingSystem:    i.OperatingSystem,
		OSVersion:          i.OSVersion,
		OSType:             "linux",
		Architecture:       i.Architecture,
		IndexServerAddress: "https://index.docker.io/v1/",
		RegistryConfig:     showRegistries(i),
		NCPU:               i.NCPU,
		MemTotal:           i.MemTotal,
		GenericResources:   []swarm.GenericResource{},
		DockerRootDir:      i.RootDir,
		HTTPProxy:          i.HTTPProxy,
		HTTPSProxy:         i.HTTPSProxy,
		NoProxy:            i.NoProxy,
		Name:               i.Name,
		Labels:             list(i.Labels),
		ServerVersion:      i.ServerVersion,
		Runtimes:           map[string]system.RuntimeWithStatus{},
		DefaultRuntime:     i.DefaultRuntime,
		Swarm:              swarm.Info{LocalNodeState: swarm.LocalNodeStateInactive},
		LiveRestoreEnabled: true,
		SecurityOptions:    list(i.SecurityOptions),
		CDISpecDirs:        []string{},
		Warnings:           list(i.Warnings),
	}
	for _, r := range i.Runtimes {
		out.Runtimes[r.Name] = system.RuntimeWithStatus{Runtime: system.Runtime{Path: cmp.Or(r.Path, r.Name), Args: r.Args}}
	}
	if v >= 49 {
		out.FirewallBackend = &system.FirewallInfo{Driver: "nftables"}
	}
	if v < 50 {
		return &oldInfo{Info: out}
	}
	return out
}

// showRegistries says which registries are mirrored, and which may be spoken to without TLS.
func showRegistries(i *engine.Info) *registry.ServiceConfig {
	out := &registry.ServiceConfig{
		InsecureRegistryCIDRs: []netip.Prefix{netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("127.0.0.0/8")},
		IndexConfigs:          map[string]*registry.IndexInfo{},
		Mirrors:               list(i.Mirrors["docker.io"]),
	}
	for name, mirrors := range maps.All(i.Mirrors) {
		out.IndexConfigs[name] = &registry.IndexInfo{Name: name, Mirrors: mirrors, Secure: true, Official: name == "docker.io"}
	}
	if out.IndexConfigs["docker.io"] == nil {
		out.IndexConfigs["docker.io"] = &registry.IndexInfo{Name: "docker.io", Mirrors: []string{}, Secure: true, Official: true}
	}
	for _, s := range i.Insecure {
		if p, err := netip.ParsePrefix(s); err == nil {
			out.InsecureRegistryCIDRs = append(out.InsecureRegistryCIDRs, p)
			continue
		}
		out.IndexConfigs[s] = &registry.IndexInfo{Name: s, Mirrors: []string{}}
	}
	return out
}

// openDescriptors tells how many descriptors this process has open, or -1.
func openDescriptors() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(list) - 1 // one is the folder itself
}
