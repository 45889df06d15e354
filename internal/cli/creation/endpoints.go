package creation

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// endpoints gives one entry for each --network. The flags that belong to no network in particular
// (--ip, --network-alias, --link, ...) belong to the first. A single network without any settings gets
// no entry: its name in the host configuration says it all.
func (o *networkOptions) endpoints() (map[string]*network.EndpointSettings, error) {
	given := o.networks.Value()
	wanted := given
	if len(wanted) == 0 {
		wanted = []opts.NetworkAttachmentOpts{{Target: network.NetworkDefault}}
	}
	all := make(map[string]*network.EndpointSettings, len(wanted))
	var userDefined, predefined bool
	for i, attachment := range wanted {
		if container.NetworkMode(attachment.Target).IsUserDefined() {
			userDefined = true
		} else {
			predefined = true
		}
		if i == 0 {
			if err := o.addUnscoped(&attachment); err != nil {
				return nil, err
			}
		}
		settings, err := endpoint(attachment)
		if err != nil {
			return nil, err
		}
		if _, twice := all[attachment.Target]; twice {
			return nil, fmt.Errorf("network %q is specified multiple times", attachment.Target)
		}
		if len(given) == 1 && reflect.ValueOf(*settings).IsZero() {
			continue
		}
		all[attachment.Target] = settings
	}
	if userDefined && predefined {
		return nil, errors.New("conflicting options: cannot attach both user-defined and non-user-defined network-modes")
	}
	return all, nil
}

// addUnscoped adds the flags that name no network to the first network's settings; a setting given
// both ways is an error.
func (o *networkOptions) addUnscoped(n *opts.NetworkAttachmentOpts) error {
	for _, setting := range []struct {
		flag, own      string
		scoped, global bool
	}{
		{"--network-alias", "alias", len(n.Aliases) > 0, o.aliases.Len() > 0},
		{"--link", "links", len(n.Links) > 0, o.links.Len() > 0},
		{"--ip", "IPv4 address", n.IPv4Address.IsValid(), o.ip != nil},
		{"--ip6", "IPv6 address", n.IPv6Address.IsValid(), o.ip6 != nil},
		{"--mac-address", "MAC address", n.MacAddress != "", o.macAddress != ""},
		{"--link-local-ip", "link-local IP addresses", len(n.LinkLocalIPs) > 0, o.linkLocalIPs.Len() > 0},
	} {
		if setting.scoped && setting.global {
			return fmt.Errorf("conflicting options: cannot specify both %s and per-network %s", setting.flag, setting.own)
		}
	}
	n.Aliases = append(n.Aliases, o.aliases.GetSlice()...)
	if container.NetworkMode(n.Target).IsUserDefined() {
		n.Links = append(n.Links, o.links.GetSlice()...) // on the default bridge a link is the host configuration's
	}
	if addr, ok := netip.AddrFromSlice(o.ip.To4()); ok {
		n.IPv4Address = addr
	}
	if addr, ok := netip.AddrFromSlice(o.ip6.To16()); ok {
		n.IPv6Address = addr
	}
	if o.macAddress != "" {
		n.MacAddress = o.macAddress
	}
	n.LinkLocalIPs = append(n.LinkLocalIPs, addresses(o.linkLocalIPs.GetSlice())...)
	return nil
}

// endpoint is an attachment in the API's terms.
func endpoint(n opts.NetworkAttachmentOpts) (*network.EndpointSettings, error) {
	if strings.TrimSpace(n.Target) == "" {
		return nil, errors.New("no name set for network")
	}
	if !container.NetworkMode(n.Target).IsUserDefined() {
		if len(n.Aliases) > 0 {
			return nil, errors.New("network-scoped aliases are only supported for user-defined networks")
		}
		if len(n.Links) > 0 {
			return nil, errors.New("links are only supported for user-defined networks")
		}
	}
	settings := &network.EndpointSettings{GwPriority: n.GwPriority, DriverOpts: n.DriverOpts}
	settings.Aliases = append(settings.Aliases, n.Aliases...)
	settings.Links = append(settings.Links, n.Links...)
	if n.IPv4Address.IsValid() || n.IPv6Address.IsValid() || len(n.LinkLocalIPs) > 0 {
		settings.IPAMConfig = &network.EndpointIPAMConfig{
			IPv4Address:  n.IPv4Address,
			IPv6Address:  n.IPv6Address,
			LinkLocalIPs: n.LinkLocalIPs,
		}
	}
	if n.MacAddress != "" {
		mac, err := net.ParseMAC(strings.TrimSpace(n.MacAddress))
		if err != nil {
			return nil, fmt.Errorf("%s is not a valid mac address", n.MacAddress)
		}
		settings.MacAddress = network.HardwareAddr(mac)
	}
	return settings, nil
}
