package api

import (
	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
)

// takeHostConfig converts the part of a configuration that depends on the host, and refuses what only other systems have.
func takeHostConfig(h *moby.HostConfig) (container.HostConfig, error) {
	if err := refuseForeign(h); err != nil {
		return container.HostConfig{}, err
	}
	mounts, err := takeMounts(h.Mounts)
	if err != nil {
		return container.HostConfig{}, err
	}
	resources, err := takeResources(&h.Resources)
	if err != nil {
		return container.HostConfig{}, err
	}
	return container.HostConfig{
		Binds:           h.Binds,
		Mounts:          mounts,
		Tmpfs:           h.Tmpfs,
		VolumesFrom:     h.VolumesFrom,
		VolumeDriver:    h.VolumeDriver,
		ContainerIDFile: h.ContainerIDFile,
		LogConfig:       container.LogConfig{Type: h.LogConfig.Type, Config: h.LogConfig.Config},
		NetworkMode:     string(h.NetworkMode),
		PortBindings:    takePorts(h.PortBindings),
		PublishAllPorts: h.PublishAllPorts,
		RestartPolicy:   takeRestartPolicy(h.RestartPolicy),
		AutoRemove:      h.AutoRemove,
		ConsoleSize:     h.ConsoleSize,
		Annotations:     h.Annotations,
		CapAdd:          h.CapAdd,
		CapDrop:         h.CapDrop,
		CgroupnsMode:    string(h.CgroupnsMode),
		DNS:             addresses(h.DNS),
		DNSOptions:      h.DNSOptions,
		DNSSearch:       h.DNSSearch,
		ExtraHosts:      h.ExtraHosts,
		GroupAdd:        h.GroupAdd,
		IpcMode:         string(h.IpcMode),
		Cgroup:          string(h.Cgroup),
		Links:           h.Links,
		OomScoreAdj:     h.OomScoreAdj,
		PidMode:         string(h.PidMode),
		Privileged:      h.Privileged,
		ReadonlyRootfs:  h.ReadonlyRootfs,
		SecurityOpt:     h.SecurityOpt,
		StorageOpt:      h.StorageOpt,
		UTSMode:         string(h.UTSMode),
		UsernsMode:      string(h.UsernsMode),
		ShmSize:         h.ShmSize,
		Sysctls:         h.Sysctls,
		Runtime:         h.Runtime,
		Init:            h.Init,
		Umask:           h.Umask,
		MaskedPaths:     h.MaskedPaths,
		ReadonlyPaths:   h.ReadonlyPaths,
		Resources:       resources,
	}, nil
}

// refuseForeign refuses what only Windows has, rather than pass over it.
func refuseForeign(h *moby.HostConfig) error {
	switch {
	case !h.Isolation.IsDefault():
		return invalid("invalid isolation %q: Linux containers have only 'default'", h.Isolation)
	case h.CPUCount != 0:
		return invalid("CpuCount is for Windows containers: use NanoCpus (--cpus)")
	case h.CPUPercent != 0:
		return invalid("CpuPercent is for Windows containers: use NanoCpus (--cpus)")
	case h.IOMaximumIOps != 0, h.IOMaximumBandwidth != 0:
		return invalid("IOMaximumIOps and IOMaximumBandwidth are for Windows containers: use BlkioDeviceReadIOps and its sisters (--device-read-iops)")
	}
	return nil
}

func takeRestartPolicy(p moby.RestartPolicy) container.RestartPolicy {
	return container.RestartPolicy{Name: string(p.Name), MaximumRetryCount: p.MaximumRetryCount}
}
