package api

import (
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"tug/internal/engine"
)

// createBody is the body of a request to create a container, with what moby's type has no place for any more.
type createBody struct {
	*container.Config
	Cmd              words // clients before 1.52 may send a string
	Entrypoint       words
	MacAddress       string // the container's one address, before each network had its own
	HostConfig       *hostBody
	NetworkingConfig *network.NetworkingConfig
}

// hostBody is a HostConfig with fields that it had before API 1.42.
type hostBody struct {
	container.HostConfig
	KernelMemory, KernelMemoryTCP int64 `json:",omitempty"` // bytes
}

// noKernelMemory warns of limits that Linux does not have any more.
func (h *hostBody) noKernelMemory() (warning string) {
	if h.KernelMemory == 0 && h.KernelMemoryTCP == 0 {
		return ""
	}
	return "Limits of the kernel's memory (KernelMemory, KernelMemoryTCP) are discarded: the API has none since version 1.42. What the kernel takes for a container counts in its Memory (--memory)."
}

// takeCreate reads what container a client wants, in the words of its version of the API.
func (c *call) takeCreate() (engine.CreateRequest, []string, error) {
	// One allocation holds all that the body is decoded into.
	var in struct {
		body   createBody
		config container.Config
		host   hostBody
		net    network.NetworkingConfig
	}
	if c.r.ContentLength == 0 {
		return engine.CreateRequest{}, nil, invalid("invalid JSON: got EOF while reading request body")
	}
	in.body.HostConfig, in.body.NetworkingConfig = &in.host, &in.net
	if err := c.body(&in.body); err != nil {
		return engine.CreateRequest{}, nil, err
	}
	body := &in.body
	if body.Config == nil {
		if body.Cmd == nil && body.Entrypoint == nil {
			return engine.CreateRequest{}, nil, invalid("config cannot be empty in order to create a container")
		}
		body.Config = &in.config
	}
	if body.HostConfig == nil {
		body.HostConfig = &in.host
	}
	if body.NetworkingConfig == nil {
		body.NetworkingConfig = &in.net
	}
	body.Config.Cmd, body.Config.Entrypoint = body.Cmd, body.Entrypoint

	warnings, err := body.adapt(c.version)
	if err != nil {
		return engine.CreateRequest{}, nil, err
	}
	req := engine.CreateRequest{Name: c.query.Get("name"), Config: takeConfig(body.Config)}
	if !c.before(41) {
		req.Platform = c.query.Get("platform")
	}
	if err := container.ValidateRestartPolicy(body.HostConfig.RestartPolicy); err != nil {
		return engine.CreateRequest{}, nil, invalid("%w", err)
	}
	if req.Host, err = takeHostConfig(&body.HostConfig.HostConfig); err != nil {
		return engine.CreateRequest{}, nil, err
	}
	if req.Networks, err = takeEndpoints(body.NetworkingConfig.EndpointsConfig); err != nil {
		return engine.CreateRequest{}, nil, err
	}
	return req, warnings, nil
}
