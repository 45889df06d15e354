package creation

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// networkOptions say which networks the container is on, what it is called there, and how it resolves
// names.
type networkOptions struct {
	networks     opts.NetworkOpt
	aliases      opts.ListOpts
	links        opts.ListOpts
	ip           net.IP
	ip6          net.IP
	linkLocalIPs opts.ListOpts
	macAddress   string

	dns        opts.ListOpts
	dnsOptions opts.ListOpts
	dnsSearch  opts.ListOpts
	extraHosts opts.ListOpts
}

func (o *networkOptions) register(flags *pflag.FlagSet) {
	o.aliases = opts.NewListOpts(nil)
	o.links = opts.NewListOpts(opts.ValidateLink)
	o.linkLocalIPs = opts.NewListOpts(nil)
	o.dns = opts.NewListOpts(opts.ValidateIPAddress)
	o.dnsOptions = opts.NewListOpts(nil)
	o.dnsSearch = opts.NewListOpts(opts.ValidateDNSSearch)
	o.extraHosts = opts.NewListOpts(opts.ValidateExtraHost)

	flags.Var(&o.networks, "network", "Connect a container to a network")
	flags.Var(&o.networks, "net", "Connect a container to a network")
	flags.Var(&o.aliases, "network-alias", "Add network-scoped alias for the container")
	flags.Var(&o.aliases, "net-alias", "Add network-scoped alias for the container")
	flags.Var(&o.links, "link", "Add link to another container")
	flags.IPVar(&o.ip, "ip", nil, "IPv4 address (e.g., 172.30.100.104)")
	flags.IPVar(&o.ip6, "ip6", nil, "IPv6 address (e.g., 2001:db8::33)")
	flags.Var(&o.linkLocalIPs, "link-local-ip", "Container IPv4/IPv6 link-local addresses")
	flags.StringVar(&o.macAddress, "mac-address", "", "Container MAC address (e.g., 92:d0:c6:0a:29:33)")

	flags.Var(&o.dns, "dns", "Set custom DNS servers")
	flags.Var(&o.dnsOptions, "dns-option", "Set DNS options")
	flags.Var(&o.dnsOptions, "dns-opt", "Set DNS options")
	flags.Var(&o.dnsSearch, "dns-search", "Set custom DNS search domains")
	flags.Var(&o.extraHosts, "add-host", "Add a custom host-to-IP mapping (host:ip)")
	hide(flags, "net", "net-alias", "dns-opt")
}

func (o *networkOptions) apply(r *Request, _ *pflag.FlagSet) error {
	if o.macAddress != "" {
		if _, err := net.ParseMAC(strings.TrimSpace(o.macAddress)); err != nil {
			return fmt.Errorf("%s is not a valid mac address", o.macAddress)
		}
	}
	endpoints, err := o.endpoints()
	if err != nil {
		return err
	}
	r.NetworkingConfig.EndpointsConfig = endpoints

	h := r.HostConfig
	h.NetworkMode = container.NetworkMode(o.networks.NetworkMode())
	h.Links = o.links.GetSlice()
	h.DNS = addresses(o.dns.GetSlice())
	h.DNSSearch = o.dnsSearch.GetAllOrEmpty()
	h.DNSOptions = o.dnsOptions.GetAllOrEmpty()
	h.ExtraHosts = o.extraHosts.GetSlice()
	return nil
}

// addresses parses what the flags have checked already; what is no address is left out.
func addresses(values []string) []netip.Addr {
	var all []netip.Addr
	for _, value := range values {
		if addr, err := netip.ParseAddr(value); err == nil {
			all = append(all, addr)
		}
	}
	return all
}

// hide keeps other names of flags out of the help.
func hide(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		_ = flags.MarkHidden(name)
	}
}
