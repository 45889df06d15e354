package network

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type connectOptions struct {
	ip, ip6      net.IP
	links        opts.ListOpts
	aliases      []string
	linkLocalIPs []net.IP
	driverOpts   []string
	gwPriority   int
}

// Connect gives the `network connect` command.
func Connect(s *session.Session) *cobra.Command {
	o := connectOptions{links: opts.NewListOpts(opts.ValidateLink)}
	cmd := &cobra.Command{
		Use:                   "connect [OPTIONS] NETWORK CONTAINER",
		Short:                 "Connect a container to a network",
		Args:                  session.ExactArgs(2),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			endpoint, err := o.endpoint()
			if err != nil {
				return err
			}
			api, err := s.API()
			if err != nil {
				return err
			}
			_, err = api.NetworkConnect(cmd.Context(), args[0], client.NetworkConnectOptions{Container: args[1], EndpointConfig: endpoint})
			return err
		},
	}
	flags := cmd.Flags()
	flags.IPVar(&o.ip, "ip", nil, `IPv4 address (e.g., "172.30.100.104")`)
	flags.IPVar(&o.ip6, "ip6", nil, `IPv6 address (e.g., "2001:db8::33")`)
	flags.Var(&o.links, "link", "Add link to another container")
	flags.StringSliceVar(&o.aliases, "alias", []string{}, "Add network-scoped alias for the container")
	flags.IPSliceVar(&o.linkLocalIPs, "link-local-ip", nil, "Add a link-local address for the container")
	flags.StringSliceVar(&o.driverOpts, "driver-opt", []string{}, "driver options for the network")
	flags.IntVar(&o.gwPriority, "gw-priority", 0, "Highest gw-priority provides the default gateway. Accepts positive and negative values.")
	return cmd
}

func (o *connectOptions) endpoint() (*network.EndpointSettings, error) {
	driverOpts := make(map[string]string)
	for _, option := range o.driverOpts {
		key, value, ok := strings.Cut(option, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" {
			return nil, errors.New("invalid key/value pair format in driver options")
		}
		driverOpts[key] = strings.TrimSpace(value)
	}
	var linkLocal []netip.Addr
	for _, ip := range o.linkLocalIPs {
		linkLocal = append(linkLocal, address(ip))
	}
	return &network.EndpointSettings{
		IPAMConfig: &network.EndpointIPAMConfig{
			IPv4Address:  address(o.ip),
			IPv6Address:  address(o.ip6),
			LinkLocalIPs: linkLocal,
		},
		Links:      o.links.GetSlice(),
		Aliases:    o.aliases,
		DriverOpts: driverOpts,
		GwPriority: o.gwPriority,
	}, nil
}
