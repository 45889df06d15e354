package api

import (
	"fmt"
	"net/http"

	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/storage"

	"tug/internal/container"
	"tug/internal/engine"
)

// containerInspect answers with all that is known of a container.
func containerInspect(c *call) error {
	r, err := c.engine.Get(c.id())
	if err != nil {
		return err
	}
	details, err := c.engine.Details(c.ctx(), r)
	if err != nil {
		return err
	}
	if c.flag("size") {
		written, all, err := c.engine.Size(c.ctx(), r)
		if err != nil {
			return err
		}
		details.SizeRw, details.SizeRootFs = &written, &all
	}
	details.Manifest = c.newLister().manifest(r)
	return c.json(http.StatusOK, showContainer(r, &details, c.version))
}

// showContainer is a container in the form of a version of the API.
func showContainer(r *container.Record, d *engine.Details, v version) any {
	out := &moby.InspectResponse{
		ID:              r.ID,
		Created:         timestamp(r.Created),
		Path:            r.Path,
		Args:            list(r.Args),
		State:           showState(&r.State),
		Image:           r.ImageID,
		ResolvConfPath:  d.ResolvConfPath,
		HostnamePath:    d.HostnamePath,
		HostsPath:       d.HostsPath,
		LogPath:         d.LogPath,
		Name:            "/" + r.Name,
		RestartCount:    r.RestartCount,
		Driver:          d.Driver,
		Platform:        "linux",
		ExecIDs:         d.ExecIDs,
		HostConfig:      showHostConfig(&r.Host),
		GraphDriver:     &storage.DriverData{Name: d.Driver, Data: d.GraphDriver},
		Mounts:          showMountPoints(r),
		Config:          showConfig(&r.Config),
		NetworkSettings: showNetworkSettings(r, d, v),
		SizeRw:          d.SizeRw,
		SizeRootFs:      d.SizeRootFs,
	}
	out.HostConfig.Links = d.Links
	if v >= 48 {
		out.ImageManifestDescriptor = d.Manifest
	}
	if v < 43 {
		out.HostConfig.Annotations = nil
	}
	if v >= 52 {
		out.Storage = &storage.Storage{RootFS: &storage.RootFSStorage{Snapshot: &storage.RootFSStorageSnapshot{Name: d.Driver}}}
		return out
	}
	return &oldContainer{InspectResponse: out, Config: oldConfig(r, out), NetworkSettings: oldNetworkSettings(out.NetworkSettings)}
}

func showNetworkSettings(r *container.Record, d *engine.Details, v version) *moby.NetworkSettings {
	out := &moby.NetworkSettings{Ports: openPorts(r), Networks: showEndpoints(r, d, v)}
	if r.State.Pid > 0 {
		out.SandboxID, out.SandboxKey = r.ID, fmt.Sprintf("/proc/%d/ns/net", r.State.Pid)
	}
	return out
}

// oldContainer is a container as versions before 1.52 have it.
type oldContainer struct {
	*moby.InspectResponse
	Config          *oldContainerConfig
	NetworkSettings *oldNetworks
}

// oldContainerConfig always has OnBuild, and the address that was asked for the container as a whole.
type oldContainerConfig struct {
	*moby.Config
	MacAddress string `json:",omitempty"`
	OnBuild    []string
}

func oldConfig(r *container.Record, shown *moby.InspectResponse) *oldContainerConfig {
	return &oldContainerConfig{
		Config:     shown.Config,
		MacAddress: r.Networks[string(shown.HostConfig.NetworkMode)].MAC,
		OnBuild:    shown.Config.OnBuild,
	}
}

// oldNetworks has the address on the default bridge twice, the way it was before there were other networks.
type oldNetworks struct {
	Bridge                 string
	SandboxID              string
	SandboxKey             string
	Ports                  network.PortMap
	HairpinMode            bool
	LinkLocalIPv6Address   string
	LinkLocalIPv6PrefixLen int
	SecondaryIPAddresses   []struct{}
	SecondaryIPv6Addresses []struct{}
	EndpointID             string
	Gateway                string
	GlobalIPv6Address      string
	GlobalIPv6PrefixLen    int
	IPAddress              string
	IPPrefixLen            int
	IPv6Gateway            string
	MacAddress             string
	Networks               map[string]*network.EndpointSettings
}

func oldNetworkSettings(s *moby.NetworkSettings) *oldNetworks {
	out := &oldNetworks{SandboxID: s.SandboxID, SandboxKey: s.SandboxKey, Ports: s.Ports, Networks: s.Networks}
	if e := s.Networks[network.NetworkBridge]; e != nil {
		out.EndpointID = e.EndpointID
		out.Gateway, out.IPv6Gateway = address(e.Gateway), address(e.IPv6Gateway)
		out.IPAddress, out.IPPrefixLen = address(e.IPAddress), e.IPPrefixLen
		out.GlobalIPv6Address, out.GlobalIPv6PrefixLen = address(e.GlobalIPv6Address), e.GlobalIPv6PrefixLen
		out.MacAddress = e.MacAddress.String()
	}
	return out
}
