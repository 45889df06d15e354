package api

import (
	"net/http"

	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
)

// containerUpdate changes the limits and the restart policy of a container, also while it runs. What is not said stays.
func containerUpdate(c *call) error {
	var in moby.UpdateConfig
	if err := c.body(&in); err != nil {
		return err
	}
	if err := refuseForeign(&moby.HostConfig{Resources: in.Resources}); err != nil {
		return err
	}
	if c.before(40) {
		in.PidsLimit = nil
	}
	if c.before(55) {
		in.BlkioWeightDevice, in.BlkioDeviceReadBps, in.BlkioDeviceWriteBps, in.BlkioDeviceReadIOps, in.BlkioDeviceWriteIOps = nil, nil, nil, nil, nil
	}
	if in.PidsLimit != nil && *in.PidsLimit <= 0 {
		in.PidsLimit = new(int64) // no limit
	}
	resources, err := takeResources(&in.Resources)
	if err != nil {
		return err
	}
	var policy *container.RestartPolicy
	if in.RestartPolicy.Name != "" {
		if err := moby.ValidateRestartPolicy(in.RestartPolicy); err != nil {
			return invalid("%w", err)
		}
		p := takeRestartPolicy(in.RestartPolicy)
		policy = &p
	}
	warnings, err := c.engine.Update(c.ctx(), c.id(), resources, policy)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, moby.UpdateResponse{Warnings: list(warnings)})
}
