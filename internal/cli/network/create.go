package network

import (
	"fmt"
	"net"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/session"
)

type createOptions struct {
	client.NetworkCreateOptions
	ipv4, ipv6 bool
	driverOpts opts.MapOpts
	labels     opts.ListOpts
	addresses  addressOptions
}

// Create gives the `network create` command.
func Create(s *session.Session) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use:                   "create [OPTIONS] NETWORK",
		Short:                 "Create a network",
		Args:                  session.ExactArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.settle(cmd.Flags()); err != nil {
				return err
			}
			api, err := s.API()
			if err != nil {
				return err
			}
			created, err := api.NetworkCreate(cmd.Context(), args[0], o.NetworkCreateOptions)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, created.ID)
			return nil
		},
	}
	o.register(cmd.Flags())
	return cmd
}

func (o *createOptions) register(flags *pflag.FlagSet) {
	o.driverOpts = *opts.NewMapOpts(nil, nil)
	o.labels = opts.NewListOpts(opts.ValidateLabel)
	flags.StringVarP(&o.Driver, "driver", "d", "bridge", "Driver to manage the Network")
	flags.VarP(&o.driverOpts, "opt", "o", "Set driver specific options")
	flags.Var(&o.labels, "label", "Set metadata on a network")
	flags.BoolVar(&o.Internal, "internal", false, "Restrict external access to the network")
	flags.BoolVar(&o.ipv4, "ipv4", true, "Enable or disable IPv4 address assignment")
	flags.BoolVar(&o.ipv6, "ipv6", false, "Enable or disable IPv6 address assignment")
	flags.BoolVar(&o.Attachable, "attachable", false, "Enable manual container attachment")
	flags.BoolVar(&o.Ingress, "ingress", false, "Create swarm routing-mesh network")
	flags.StringVar(&o.Scope, "scope", "", "Control the network's scope")
	flags.BoolVar(&o.ConfigOnly, "config-only", false, "Create a configuration only network")
	flags.StringVar(&o.ConfigFrom, "config-from", "", "The network from which to copy the configuration")
	o.addresses.register(flags)
}

// settle turns the flags into the request.
func (o *createOptions) settle(flags *pflag.FlagSet) (err error) {
	if flags.Changed("ipv4") { // unsaid, the daemon's default decides
		o.EnableIPv4 = &o.ipv4
	}
	if flags.Changed("ipv6") {
		o.EnableIPv6 = &o.ipv6
	}
	o.Options = o.driverOpts.GetAll()
	o.Labels = opts.ConvertKVStringsToMap(o.labels.GetSlice())
	o.IPAM, err = o.addresses.ipam()
	return err
}

// addressOptions say which addresses the network has.
type addressOptions struct {
	driver    string
	options   opts.MapOpts
	subnets   []string
	ranges    []net.IPNet
	gateways  []net.IP
	auxiliary opts.MapOpts
}

func (o *addressOptions) register(flags *pflag.FlagSet) {
	o.options = *opts.NewMapOpts(nil, nil)
	o.auxiliary = *opts.NewMapOpts(nil, nil)
	flags.StringVar(&o.driver, "ipam-driver", "default", "IP Address Management Driver")
	flags.Var(&o.options, "ipam-opt", "Set IPAM driver specific options")
	flags.StringSliceVar(&o.subnets, "subnet", []string{}, "Subnet in CIDR format that represents a network segment")
	flags.IPNetSliceVar(&o.ranges, "ip-range", nil, "Allocate container ip from a sub-range")
	flags.IPSliceVar(&o.gateways, "gateway", nil, "IPv4 or IPv6 Gateway for the master subnet")
	flags.Var(&o.auxiliary, "aux-address", "Auxiliary IPv4 or IPv6 addresses used by Network driver")
}
