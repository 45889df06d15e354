package system

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client/pkg/security"
)

// page writes lines of `info`.
type page struct{ out io.Writer }

func (p page) line(a ...any) { _, _ = fmt.Fprintln(p.out, a...) }

// ifSet writes a line if its value is not "".
func (p page) ifSet(label, value string) {
	if value != "" {
		p.line(label, value)
	}
}

// list writes values below a label, if there are any.
func (p page) list(label string, values []string) {
	if len(values) == 0 {
		return
	}
	p.line(label)
	for _, value := range values {
		p.line(value)
	}
}

func pairs(format string, values [][2]string) []string {
	var lines []string
	for _, pair := range values {
		lines = append(lines, fmt.Sprintf(format, pair[0], pair[1]))
	}
	return lines
}

func writeClient(out io.Writer, c clientInfo) {
	p := page{out}
	p.line("Client:")
	p.ifSet(" Version:   ", c.Version)
	p.line(" Context:   ", c.Context)
	p.line(" Debug Mode:", c.Debug)
}

// writeServer writes the daemon's answer; with its inner figures if debug is set.
func writeServer(out io.Writer, info information, debug bool) {
	p := page{out}
	writeContents(p, info.Info)
	writePlugins(p, info.Info)
	writeRuntimes(p, info.Info)
	writeHost(p, info.Info)
	if debug {
		p.line("  File Descriptors:", info.NFd)
		p.line("  Goroutines:", info.NGoroutines)
		p.line("  System Time:", info.SystemTime)
		p.line("  EventsListeners:", info.NEventsListener)
	}
	p.ifSet(" HTTP Proxy:", info.HTTPProxy)
	p.ifSet(" HTTPS Proxy:", info.HTTPSProxy)
	p.ifSet(" No Proxy:", info.NoProxy)
	p.ifSet(" Username:", info.UserName)
	p.list(" Labels:", indent("  ", info.Labels))
	p.line(" Experimental:", info.ExperimentalBuild)
	writeRegistries(p, info.Info)
	p.line(" Live Restore Enabled:", info.LiveRestoreEnabled)
	p.ifSet(" Product License:", info.ProductLicense)
	writeNetworking(p, info.Info)
	p.line()
}

func writeContents(p page, i *system.Info) {
	p.line(" Containers:", i.Containers)
	p.line("  Running:", i.ContainersRunning)
	p.line("  Paused:", i.ContainersPaused)
	p.line("  Stopped:", i.ContainersStopped)
	p.line(" Images:", i.Images)
	p.ifSet(" Server Version:", i.ServerVersion)
	p.ifSet(" Storage Driver:", i.Driver)
	for _, line := range append(pairs("  %s: %s", i.DriverStatus), pairs(" %s: %s", i.SystemStatus)...) {
		p.line(line)
	}
	p.ifSet(" Logging Driver:", i.LoggingDriver)
	p.ifSet(" Cgroup Driver:", i.CgroupDriver)
	p.ifSet(" Cgroup Version:", i.CgroupVersion)
}

func writePlugins(p page, i *system.Info) {
	p.line(" Plugins:")
	p.line("  Volume:", strings.Join(i.Plugins.Volume, " "))
	p.line("  Network:", strings.Join(i.Plugins.Network, " "))
	p.ifSet("  Authorization:", strings.Join(i.Plugins.Authorization, " "))
	p.line("  Log:", strings.Join(i.Plugins.Log, " "))
	p.list(" CDI spec directories:", indent("  ", i.CDISpecDirs))
	var devices []string
	for _, device := range i.DiscoveredDevices {
		devices = append(devices, fmt.Sprintf("  %s: %s", device.Source, device.ID))
	}
	p.list(" Discovered Devices:", devices)
	p.line(" Swarm:", i.Swarm.LocalNodeState)
}

func writeRuntimes(p page, i *system.Info) {
	if len(i.Runtimes) > 0 {
		p.line(" Runtimes:", strings.Join(slices.Sorted(maps.Keys(i.Runtimes)), " "))
		p.line(" Default Runtime:", i.DefaultRuntime)
	}
	if i.OSType != "linux" {
		return
	}
	p.line(" Init Binary:", i.InitBinary)
	p.line(" containerd version:", i.ContainerdCommit.ID)
	p.line(" runc version:", i.RuncCommit.ID)
	p.line(" init version:", i.InitCommit.ID)
	var options []string
	for _, option := range security.DecodeOptions(i.SecurityOptions) {
		options = append(options, "  "+option.Name)
		for _, detail := range option.Options {
			if detail.Key == "profile" {
				options = append(options, "   Profile: "+detail.Value)
			}
		}
	}
	p.list(" Security Options:", options)
}

func writeHost(p page, i *system.Info) {
	p.ifSet(" Kernel Version:", i.KernelVersion)
	p.ifSet(" Operating System:", i.OperatingSystem)
	p.ifSet(" OSType:", i.OSType)
	p.ifSet(" Architecture:", i.Architecture)
	p.line(" CPUs:", i.NCPU)
	p.line(" Total Memory:", units.BytesSize(float64(i.MemTotal)))
	p.ifSet(" Name:", i.Name)
	p.ifSet(" ID:", i.ID)
	p.line(" Docker Root Dir:", i.DockerRootDir)
	p.line(" Debug Mode:", i.Debug)
}

func writeRegistries(p page, i *system.Info) {
	if i.RegistryConfig == nil {
		return
	}
	if len(i.RegistryConfig.InsecureRegistryCIDRs) > 0 || len(i.RegistryConfig.IndexConfigs) > 0 {
		p.line(" Insecure Registries:")
		for _, name := range slices.Sorted(maps.Keys(i.RegistryConfig.IndexConfigs)) {
			if registry := i.RegistryConfig.IndexConfigs[name]; !registry.Secure {
				p.line("  " + registry.Name)
			}
		}
		for _, network := range i.RegistryConfig.InsecureRegistryCIDRs {
			p.line("  " + network.String())
		}
	}
	p.list(" Registry Mirrors:", indent("  ", i.RegistryConfig.Mirrors))
}

func writeNetworking(p page, i *system.Info) {
	var pools []string
	for _, pool := range i.DefaultAddressPools {
		pools = append(pools, fmt.Sprintf("   Base: %s, Size: %d", pool.Base, pool.Size))
	}
	p.list(" Default Address Pools:", pools)
	if i.FirewallBackend != nil {
		p.line(" Firewall Backend:", i.FirewallBackend.Driver)
		for _, line := range pairs("  %s: %s", i.FirewallBackend.Info) {
			p.line(line)
		}
	}
}

func indent(prefix string, values []string) []string {
	var lines []string
	for _, value := range values {
		lines = append(lines, prefix+value)
	}
	return lines
}
