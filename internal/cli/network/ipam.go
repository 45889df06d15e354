package network

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/moby/moby/api/types/network"
)

// ipam puts each range, gateway and auxiliary address to the subnet that contains it. Subnets may not
// overlap, and each has at most one range and one gateway.
func (o *addressOptions) ipam() (*network.IPAM, error) {
	if len(o.subnets) < len(o.ranges) || len(o.subnets) < len(o.gateways) {
		return nil, errors.New("every ip-range or gateway must have a corresponding subnet")
	}
	configs, err := parseSubnets(o.subnets)
	if err != nil {
		return nil, err
	}
	for _, r := range o.ranges {
		ones, _ := r.Mask.Size()
		prefix := netip.PrefixFrom(address(r.IP), ones)
		config := containing(configs, prefix.Addr())
		if config == nil {
			return nil, fmt.Errorf("no matching subnet for range %s", prefix)
		}
		if config.IPRange.IsValid() {
			return nil, fmt.Errorf("cannot configure multiple ranges (%s, %s) on the same subnet (%s)", prefix, config.IPRange, config.Subnet)
		}
		config.IPRange = prefix
	}
	for _, ip := range o.gateways {
		gateway := address(ip)
		config := containing(configs, gateway)
		if config == nil {
			return nil, fmt.Errorf("no matching subnet for gateway %s", gateway)
		}
		if config.Gateway.IsValid() {
			return nil, fmt.Errorf("cannot configure multiple gateways (%s, %s) for the same subnet (%s)", gateway, config.Gateway, config.Subnet)
		}
		config.Gateway = gateway
	}
	if err := o.addAuxiliary(configs); err != nil {
		return nil, err
	}
	return &network.IPAM{Driver: o.driver, Config: configs, Options: o.options.GetAll()}, nil
}

// parseSubnets makes an entry for each subnet.
func parseSubnets(subnets []string) ([]network.IPAMConfig, error) {
	configs := []network.IPAMConfig{}
	for _, value := range subnets {
		subnet, err := netip.ParsePrefix(value)
		if err != nil {
			return nil, fmt.Errorf("invalid subnet: %w", err)
		}
		for _, other := range configs {
			if subnet.Overlaps(other.Subnet) {
				return nil, errors.New("multiple overlapping subnet configuration is not supported")
			}
		}
		configs = append(configs, network.IPAMConfig{Subnet: subnet, AuxAddress: map[string]netip.Addr{}})
	}
	return configs, nil
}

func (o *addressOptions) addAuxiliary(configs []network.IPAMConfig) error {
	given := o.auxiliary.GetAll()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] == "" {
			continue
		}
		addr, err := netip.ParseAddr(given[name])
		if err != nil {
			return err
		}
		config := containing(configs, addr)
		if config == nil {
			return fmt.Errorf("no matching subnet for aux-address %s", addr)
		}
		config.AuxAddress[name] = addr
	}
	return nil
}

// containing gives the subnet's entry that addr is in, or nil.
func containing(configs []network.IPAMConfig, addr netip.Addr) *network.IPAMConfig {
	for i := range configs {
		if configs[i].Subnet.Contains(addr) {
			return &configs[i]
		}
	}
	return nil
}
