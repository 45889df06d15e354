package api

import (
	"cmp"
	"net/netip"
	"os"

	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"

	"tug/internal/container"
	"tug/internal/oci"
)

// What a container has that was created without saying it.
const (
	defaultShmSize   = 64 << 20 // bytes
	defaultLogDriver = "json-file"
	defaultRuntime   = "tug"
)

// showHostConfig converts the part of a configuration that depends on the host. Defaults that hold are said, as Docker does.
func showHostConfig(h *container.HostConfig) *moby.HostConfig {
	out := &moby.HostConfig{
		Binds:           h.Binds,
		ContainerIDFile: h.ContainerIDFile,
		LogConfig:       showLogConfig(h.LogConfig),
		NetworkMode:     moby.NetworkMode(cmp.Or(h.NetworkMode, network.NetworkBridge)),
		PortBindings:    showPorts(h.PortBindings),
		RestartPolicy: moby.RestartPolicy{
			Name:              moby.RestartPolicyMode(cmp.Or(h.RestartPolicy.Name, string(moby.RestartPolicyDisabled))),
			MaximumRetryCount: h.RestartPolicy.MaximumRetryCount,
		},
		AutoRemove:      h.AutoRemove,
		VolumeDriver:    h.VolumeDriver,
		VolumesFrom:     h.VolumesFrom,
		ConsoleSize:     h.ConsoleSize,
		Annotations:     h.Annotations,
		CapAdd:          h.CapAdd,
		CapDrop:         h.CapDrop,
		CgroupnsMode:    moby.CgroupnsMode(cmp.Or(h.CgroupnsMode, string(moby.CgroupnsModePrivate))),
		DNS:             showAddresses(h.DNS),
		DNSOptions:      list(h.DNSOptions),
		DNSSearch:       list(h.DNSSearch),
		ExtraHosts:      h.ExtraHosts,
		GroupAdd:        h.GroupAdd,
		IpcMode:         moby.IpcMode(cmp.Or(h.IpcMode, string(moby.IPCModePrivate))),
		Cgroup:          moby.CgroupSpec(h.Cgroup),
		Links:           h.Links,
		OomScoreAdj:     h.OomScoreAdj,
		PidMode:         moby.PidMode(h.PidMode),
		Privileged:      h.Privileged,
		PublishAllPorts: h.PublishAllPorts,
		ReadonlyRootfs:  h.ReadonlyRootfs,
		SecurityOpt:     h.SecurityOpt,
		StorageOpt:      h.StorageOpt,
		Tmpfs:           h.Tmpfs,
		UTSMode:         moby.UTSMode(h.UTSMode),
		UsernsMode:      moby.UsernsMode(h.UsernsMode),
		ShmSize:         cmp.Or(h.ShmSize, defaultShmSize),
		Sysctls:         h.Sysctls,
		Runtime:         cmp.Or(h.Runtime, defaultRuntime),
		Resources:       showResources(&h.Resources),
		Mounts:          showMounts(h.Mounts),
		MaskedPaths:     h.MaskedPaths,
		ReadonlyPaths:   h.ReadonlyPaths,
		Init:            h.Init,
		Umask:           h.Umask,
	}
	if out.MaskedPaths == nil && !h.Privileged {
		out.MaskedPaths = oci.DefaultMaskedPaths()
	}
	if out.ReadonlyPaths == nil && !h.Privileged {
		out.ReadonlyPaths = oci.DefaultReadonlyPaths()
	}
	return out
}

func showLogConfig(l container.LogConfig) moby.LogConfig {
	out := moby.LogConfig{Type: cmp.Or(l.Type, defaultLogDriver), Config: l.Config}
	if out.Config == nil {
		out.Config = map[string]string{}
	}
	return out
}

func showMounts(in []container.Mount) []mount.Mount {
	var out []mount.Mount
	for _, m := range in {
		shown := mount.Mount{
			Type: mount.Type(m.Type), Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly, Consistency: mount.Consistency(m.Consistency),
		}
		if o := m.Bind; o != nil {
			shown.BindOptions = &mount.BindOptions{
				Propagation:            mount.Propagation(o.Propagation),
				NonRecursive:           o.NonRecursive,
				CreateMountpoint:       o.CreateMountpoint,
				ReadOnlyNonRecursive:   o.ReadOnlyNonRecursive,
				ReadOnlyForceRecursive: o.ReadOnlyForceRecursive,
			}
		}
		if o := m.Volume; o != nil {
			shown.VolumeOptions = &mount.VolumeOptions{NoCopy: o.NoCopy, Labels: o.Labels, Subpath: o.Subpath}
			if o.Driver != "" || len(o.DriverOptions) > 0 {
				shown.VolumeOptions.DriverConfig = &mount.Driver{Name: o.Driver, Options: o.DriverOptions}
			}
		}
		if o := m.Image; o != nil {
			shown.ImageOptions = &mount.ImageOptions{Subpath: o.Subpath}
		}
		if o := m.Tmpfs; o != nil {
			shown.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: o.SizeBytes, Mode: os.FileMode(o.Mode), Options: o.Options}
		}
		out = append(out, shown)
	}
	return out
}

// showAddresses converts addresses; what is none is left out. None at all are null.
func showAddresses(in []string) []netip.Addr {
	if in == nil {
		return nil
	}
	out := make([]netip.Addr, 0, len(in))
	for _, s := range in {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a)
		}
	}
	return out
}
