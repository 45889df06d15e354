package engine

import (
	"net/netip"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tug/internal/container"
	"tug/internal/network"
)

func TestPublishedPorts(t *testing.T) {
	port := func(n, host uint16, proto, ip string) network.PortBinding {
		p := network.PortBinding{Proto: proto, ContainerPort: n, HostPort: host}
		if ip != "" {
			p.HostIP = netip.MustParseAddr(ip)
		}
		return p
	}
	type asked map[string][]container.PortBinding
	for name, c := range map[string]struct {
		asked asked
		all   bool
		want  []network.PortBinding // nil: refused
	}{
		"none":                   {nil, false, []network.PortBinding{}},
		"one":                    {asked{"80/tcp": {{HostPort: "8080"}}}, false, []network.PortBinding{port(80, 8080, "tcp", "")}},
		"no protocol":            {asked{"80": {{}}}, false, []network.PortBinding{port(80, 0, "tcp", "")}},
		"on an address":          {asked{"53/UDP": {{HostIP: "127.0.0.1", HostPort: "53"}, {HostIP: "::1"}}}, false, []network.PortBinding{port(53, 53, "udp", "127.0.0.1"), port(53, 0, "udp", "::1")}},
		"a range":                {asked{"80/tcp": {{HostPort: "8000-8010"}}}, false, []network.PortBinding{{Proto: "tcp", ContainerPort: 80, HostPort: 8000, HostPortEnd: 8010}}},
		"a range that goes back": {asked{"80/tcp": {{HostPort: "8010-8000"}}}, false, nil},
		"half a range":           {asked{"80/tcp": {{HostPort: "8010-"}}}, false, nil},
		"a range of any ports":   {asked{"80/tcp": {{HostPort: "0-10"}}}, false, nil},
		"all exposed ones":       {asked{"80/tcp": {{HostPort: "8080"}}}, true, []network.PortBinding{port(80, 8080, "tcp", ""), port(443, 0, "tcp", ""), port(5000, 0, "udp", ""), port(5001, 0, "udp", "")}},
		"no port":                {asked{"0/tcp": {{}}}, false, nil},
		"a large port":           {asked{"65536/tcp": {{}}}, false, nil},
		"a large host port":      {asked{"80/tcp": {{HostPort: "70000"}}}, false, nil},
		"no address":             {asked{"80/tcp": {{HostIP: "localhost"}}}, false, nil},
		"words":                  {asked{"http": {{}}}, false, nil},
	} {
		r := &container.Record{
			Config: container.Config{ExposedPorts: map[string]struct{}{"80/tcp": {}, "443/tcp": {}, "5000-5001/udp": {}}},
			Host:   container.HostConfig{PortBindings: c.asked, PublishAllPorts: c.all},
		}
		got, err := bindings(r)
		if c.want == nil {
			if !errdefs.IsInvalidArgument(err) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
			continue
		}
		if d := cmp.Diff(c.want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", name, err, d)
		}
	}
}
