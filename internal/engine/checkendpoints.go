package engine

import (
	"fmt"
	"maps"
	"slices"

	"tug/internal/container"
	"tug/internal/network"
)

// checkEndpoints finds what cannot be asked for on networks, and gives warnings of what will have no effect there.
// Errors: InvalidArgument.
func checkEndpoints(networks map[string]container.EndpointConfig) (warnings []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		n := networks[name]
		a, err := attachment(name, n)
		if err != nil {
			return nil, err
		}
		if err := network.CheckAttachment(a); err != nil {
			return nil, err
		}
		own := name != "default" && !(network.Network{Name: name}).Predefined()
		switch {
		case !own && (n.IPv4 != "" || n.IPv6 != ""):
			return nil, invalid("user specified IP address is supported on user defined networks only")
		case !own && len(n.Aliases) > 0:
			return nil, invalid("network-scoped alias is supported only for containers in user defined networks")
		case len(n.Aliases)+len(n.Links) > 0:
			warnings = append(warnings, fmt.Sprintf("network %s: aliases and links are kept, and are no names there yet: containers of a network reach each other by address", name))
		}
		for _, key := range slices.Sorted(maps.Keys(n.DriverOpts)) {
			if key != optionIfName && key != optionSysctls {
				warnings = append(warnings, fmt.Sprintf("network %s: the driver option %s has no effect; there are %s and %s", name, key, optionIfName, optionSysctls))
			}
		}
	}
	return warnings, nil
}
