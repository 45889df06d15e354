package container

import (
	"context"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"tug/internal/cli/connection"
)

// find inspects a container. What the daemon did not say about it is empty, not nil.
func find(ctx context.Context, api *connection.Client, ref string) (*container.InspectResponse, error) {
	found, err := api.ContainerInspect(ctx, ref, client.ContainerInspectOptions{})
	if err != nil {
		return nil, err
	}
	c := &found.Container
	if c.Config == nil {
		c.Config = &container.Config{}
	}
	if c.HostConfig == nil {
		c.HostConfig = &container.HostConfig{}
	}
	if c.State == nil {
		c.State = &container.State{}
	}
	if c.NetworkSettings == nil {
		c.NetworkSettings = &container.NetworkSettings{}
	}
	return c, nil
}
