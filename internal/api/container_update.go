package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
)

// changeable are the fields of a container's HostConfig that can be changed once it is created, by their names in JSON.
var changeable = strings.Fields(`BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps BlkioDeviceWriteIOps BlkioWeight BlkioWeightDevice
	CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpuShares CpusetCpus CpusetMems Memory MemoryReservation MemorySwap NanoCpus
	PidsLimit RestartPolicy`)

// containerUpdate changes the limits and the restart policy of a container, also while it runs. What is not said stays.
func containerUpdate(c *call) error {
	var in hostBody
	if err := c.body(&in); err != nil {
		return err
	}
	if err := refuseForeign(&in.HostConfig); err != nil {
		return err
	}
	if err := c.refuseFixed(&in); err != nil {
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
	switch {
	case in.RestartPolicy.Name != "":
		if err := moby.ValidateRestartPolicy(in.RestartPolicy); err != nil {
			return invalid("%w", err)
		}
		p := takeRestartPolicy(in.RestartPolicy)
		policy = &p
	case in.RestartPolicy.MaximumRetryCount != 0:
		return invalid("invalid restart policy: a maximum retry count is for a policy: name it as well, 'on-failure'")
	}
	warnings, err := c.engine.Update(c.ctx(), c.id(), resources, policy)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, moby.UpdateResponse{Warnings: list(warnings)})
}

// refuseFixed refuses to change what a container has for good, rather than pass over it. A client may say what is so already.
func (c *call) refuseFixed(in *hostBody) error {
	r, err := c.engine.Get(c.id())
	if err != nil {
		return err
	}
	details, err := c.engine.Details(c.ctx(), r)
	if err != nil {
		return err
	}
	said, err := fieldsOf(in)
	if err != nil {
		return err
	}
	unsaid, err := fieldsOf(&hostBody{})
	if err != nil {
		return err
	}
	shown := showHostConfig(&r.Host)
	shown.Links = details.Links
	have, err := fieldsOf(shown)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if said[name] != unsaid[name] && sense(said[name]) != sense(have[name]) && !slices.Contains(changeable, name) {
			return invalid("Cannot update container %s: %s cannot be changed after the container is created: leave it out, or create another container with it", r.ID, name)
		}
	}
	return nil
}

// fieldsOf gives the fields of a struct as JSON, by their names.
func fieldsOf(v any) (map[string]string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(raw))
	for name, value := range raw {
		fields[name] = string(value)
	}
	return fields, nil
}

// sense is a field's JSON, with one word for all that means none of it.
func sense(value string) string {
	if slices.Contains([]string{"null", "[]", "{}", "false", "0", `""`}, value) {
		return ""
	}
	return value
}
