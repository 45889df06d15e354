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
		return portRange{}, fmt.Errorf("invalid filter '%s=%s': must be <port>[/<proto>] or <first>-<last>[/<proto>], of the container: %w",
			key, s, errdefs.ErrInvalidArgument)
	}
	return portRange{uint16(a), uint16(b), proto}, nil
}

// portTest fits containers that have one of the ports in a set of theirs.
func portTest[V any](key string, values []string, ports func(*Record) map[string]V) (test, error) {
	var ranges []portRange
	for _, v := range values {
		p, err := parsePortRange(key, v)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, p)
	}
	return func(r *Record) bool {
		for port := range ports(r) {
			if slices.ContainsFunc(ranges, func(p portRange) bool { return p.holds(port) }) {
				return true
			}
		}
		return false
	}, nil
}

func exposeTest(_ Query, values []string) (test, error) {
	return portTest("expose", values, func(r *Record) map[string]struct{} { return r.Config.ExposedPorts })
}

func publishTest(_ Query, values []string) (test, error) {
	return portTest("publish", values, func(r *Record) map[string][]PortBinding { return r.Host.PortBindings })
}
