package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/undo"
)

// publishPorts makes the container's ports reachable on the host.
func (e *Engine) publishPorts(ctx context.Context, r *container.Record, endpoints []*network.Endpoint, undo *undo.Stack) (network.Published, error) {
	ports, err := bindings(r)
	if err != nil || len(ports) == 0 || len(endpoints) == 0 {
		return network.Published{}, err
	}
	published, err := e.networks.Publish(ctx, endpoints[0], ports)
	if err != nil {
		return network.Published{}, err
	}
	undo.Add(func() { e.networks.Unpublish(endpoints[0], published.Ports) })
	return published, nil
}

// bindings gives the ports that a container publishes: those of -p, and with -P all exposed ones that have none.
func bindings(r *container.Record) ([]network.PortBinding, error) {
	var list []network.PortBinding
	for _, port := range slices.Sorted(maps.Keys(r.Host.PortBindings)) {
		number, proto, err := parsePort(port)
		if err != nil {
			return nil, err
		}
		for _, b := range r.Host.PortBindings[port] {
			p := network.PortBinding{Proto: proto, ContainerPort: number}
			if b.HostIP != "" {
				if p.HostIP, err = netip.ParseAddr(b.HostIP); err != nil {
					return nil, invalid("invalid host address %q of port %s", b.HostIP, port)
				}
			}
			if p.HostPort, p.HostPortEnd, err = hostPorts(b.HostPort); err != nil {
				return nil, err
			}
			list = append(list, p)
		}
	}
	if r.Host.PublishAllPorts {
		for _, port := range slices.Sorted(maps.Keys(r.Config.ExposedPorts)) {
			if len(r.Host.PortBindings[port]) > 0 {
				continue
			}
			numbers, proto, err := exposedPorts(port)
			if err != nil {
				return nil, err
			}
			for _, n := range numbers {
				list = append(list, network.PortBinding{Proto: proto, ContainerPort: n})
			}
		}
	}
	return list, nil
}

// hostPorts reads a host's port, or a range ("8000-8010"), whose end is 0 for a single port. Of a range any free one will
// do: clients that mean one port after the other have expanded it.
func hostPorts(text string) (first, last uint16, err error) {
	from, to, ranged := strings.Cut(text, "-")
	for _, p := range []struct {
		text string
		to   *uint16
	}{{from, &first}, {to, &last}} {
		if p.text == "" && !ranged {
			continue
		}
		n, err := strconv.ParseUint(p.text, 10, 16)
		if err != nil {
			return 0, 0, invalid("invalid host port %q", text)
		}
		*p.to = uint16(n)
	}
	if ranged && (first == 0 || last < first) {
		return 0, 0, invalid("invalid range of host ports %q", text)
	}
	return first, last, nil
}

// exposedPorts reads what an image or a person has exposed: a port, or a range of them ("8000-8010/udp").
func exposedPorts(text string) (numbers []uint16, proto string, err error) {
	ports, proto, _ := strings.Cut(text, "/")
	from, to, ranged := strings.Cut(ports, "-")
	if !ranged {
		to = from
	}
	first, _, err := parsePort(from)
	if err != nil {
		return nil, "", err
	}
	last, _, err := parsePort(to)
	if err != nil || last < first {
		return nil, "", invalid("invalid range of ports %q", text)
	}
	for n := int(first); n <= int(last); n++ {
		numbers = append(numbers, uint16(n))
	}
	return numbers, strings.ToLower(cmp.Or(proto, "tcp")), nil
}

func parsePort(text string) (number uint16, proto string, err error) {
	port, proto, ok := strings.Cut(text, "/")
	if !ok {
		proto = "tcp"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return 0, "", invalid("invalid port %q", text)
	}
	return uint16(n), strings.ToLower(proto), nil
}

// forwards are where the shim passes connections on to, for each socket; none if the packet rules lead them all.
func forwards(published network.Published) []string {
	var to []string
	for _, address := range published.Forwards {
		text := ""
		if address.IsValid() {
			text = address.String()
		}
		to = append(to, text)
	}
	return to
}

// shownPorts gives the published ports as a record has them.
func shownPorts(ports []network.PortBinding) map[string][]container.PortBinding {
	out := map[string][]container.PortBinding{}
	for _, p := range ports {
		key := fmt.Sprintf("%d/%s", p.ContainerPort, p.Proto)
		out[key] = append(out[key], container.PortBinding{HostIP: p.HostIP.String(), HostPort: strconv.Itoa(int(p.HostPort))})
	}
	return out
}
