package container

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
)

// portRange is what the filters expose and publish take: "80", "80/udp", "8000-8080/tcp".
type portRange struct {
	first, last uint16
	proto       string
}

func (p portRange) holds(port string) bool {
	number, proto, _ := strings.Cut(port, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	return err == nil && proto == p.proto && uint16(n) >= p.first && uint16(n) <= p.last
}

func parsePortRange(key, s string) (portRange, error) {
	numbers, proto, found := strings.Cut(s, "/")
	if !found {
		proto = "tcp"
	}
	first, last, found := strings.Cut(numbers, "-")
	if !found {
		last = first
	}
	a, errA := strconv.ParseUint(first, 10, 16)
	b, errB := strconv.ParseUint(last, 10, 16)
	proto = strings.ToLower(proto)
	if errA != nil || errB != nil || a > b || !slices.Contains([]string{"tcp", "udp", "sctp"}, proto) {
		return portRange{}, fmt.Errorf("invalid filter '%s=%s': must be <port>[/<proto>] or <first>-<last>[/<proto>]: %w",
			key, s, errdefs.ErrInvalidArgument)
	}
	return portRange{uint16(a), uint16(b), proto}, nil
}

// portTest is of the filters expose and publish together: it fits containers that run and have one of the ports exposed, or one of the host's
// ports published.
func portTest(q Query, _ []string) (test, error) {
	ranges := map[string][]portRange{}
	for _, key := range []string{"expose", "publish"} {
		for _, v := range q.Filters[key] {
			p, err := parsePortRange(key, v)
			if err != nil {
				return nil, err
			}
			ranges[key] = append(ranges[key], p)
		}
	}
	holds := func(key, port string) bool {
		return slices.ContainsFunc(ranges[key], func(p portRange) bool { return p.holds(port) })
	}
	return func(r *Record) bool {
		if !r.IsRunning() || r.State.Live == nil {
			return false
		}
		for port, bindings := range r.State.Live.Ports {
			_, proto, _ := strings.Cut(port, "/")
			if holds("expose", port) || slices.ContainsFunc(bindings, func(b PortBinding) bool { return holds("publish", b.HostPort+"/"+proto) }) {
				return true
			}
		}
		for port := range r.Config.ExposedPorts {
			if holds("expose", port) {
				return true
			}
		}
		return false
	}, nil
}
