package creation

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/docker/go-connections/nat"
	"github.com/moby/moby/api/types/network"
	"github.com/spf13/pflag"
)

// portOptions say which ports of the container can be reached, and from where.
type portOptions struct {
	publish    opts.ListOpts
	publishAll bool
	expose     opts.ListOpts
}

func (o *portOptions) register(flags *pflag.FlagSet) {
	o.publish = opts.NewListOpts(nil)
	o.expose = opts.NewListOpts(nil)
	flags.VarP(&o.publish, "publish", "p", "Publish a container's port(s) to the host")
	flags.BoolVarP(&o.publishAll, "publish-all", "P", false, "Publish all exposed ports to random ports")
	flags.Var(&o.expose, "expose", "Expose a port or a range of ports")
}

func (o *portOptions) apply(r *Request, _ *pflag.FlagSet) error {
	exposed, bindings, err := publish(o.publish.GetSlice())
	if err != nil {
		return err
	}
	for _, value := range o.expose.GetSlice() {
		ports, err := network.ParsePortRange(value)
		if err != nil {
			return fmt.Errorf("invalid range format for --expose: %w", err)
		}
		for port := range ports.All() {
			exposed[port] = struct{}{}
		}
	}
	r.Config.ExposedPorts = exposed
	r.HostConfig.PortBindings = bindings
	r.HostConfig.PublishAllPorts = o.publishAll
	return nil
}

// publish reads the values of --publish: [[IP:][HOST_PORT[-RANGE]:]]PORT[-RANGE][/PROTOCOL], or
// published=...,target=...,protocol=....
func publish(values []string) (network.PortSet, network.PortMap, error) {
	short := make([]string, 0, len(values))
	for _, value := range values {
		value, err := shortPublish(value)
		if err != nil {
			return nil, nil, err
		}
		short = append(short, value)
	}
	ports, specs, err := nat.ParsePortSpecs(short)
	if err != nil {
		return nil, nil, err
	}
	exposed := network.PortSet{}
	for port := range ports {
		p, err := network.ParsePort(string(port))
		if err != nil {
			return nil, nil, err
		}
		exposed[p] = struct{}{}
	}
	bindings := network.PortMap{}
	for port, hosts := range specs {
		p, err := network.ParsePort(string(port))
		if err != nil {
			return nil, nil, err
		}
		bindings[p] = []network.PortBinding{}
		for _, host := range hosts {
			binding := network.PortBinding{HostPort: host.HostPort}
			if host.HostIP != "" {
				if binding.HostIP, err = netip.ParseAddr(host.HostIP); err != nil {
					return nil, nil, err
				}
			}
			bindings[p] = append(bindings[p], binding)
		}
	}
	return exposed, bindings, nil
}

// shortPublish turns the long notation of --publish into the short one.
func shortPublish(value string) (string, error) {
	if !strings.Contains(value, "=") {
		return value, nil
	}
	parameters := map[string]string{"protocol": "tcp"}
	for parameter := range strings.SplitSeq(value, ",") {
		key, val, ok := strings.Cut(parameter, "=")
		if !ok || key == "" {
			return "", fmt.Errorf("invalid publish opts format (should be name=value but got '%s')", parameter)
		}
		parameters[key] = val
	}
	return fmt.Sprintf("%s:%s/%s", parameters["published"], parameters["target"], parameters["protocol"]), nil
}
