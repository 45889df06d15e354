package engine

import (
	"net/netip"
	"testing"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/network"
)

func TestHostsFile(t *testing.T) {
	const local = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
	on := func(v4, v6, gateway string) *network.Endpoint {
		ep := &network.Endpoint{}
		if v4 != "" {
			ep.IPv4, ep.Gateway4 = netip.MustParsePrefix(v4), netip.MustParseAddr(gateway)
		}
		if v6 != "" {
			ep.IPv6 = netip.MustParsePrefix(v6)
		}
		return ep
	}
	for name, c := range map[string]struct {
		extra     []string
		domain    string
		endpoints []*network.Endpoint
		want      string
	}{
		"no network":            {nil, "", nil, ""},
		"one":                   {nil, "", []*network.Endpoint{on("172.17.0.2/16", "", "172.17.0.1")}, "172.17.0.2\tbox\n"},
		"both versions":         {nil, "", []*network.Endpoint{on("172.17.0.2/16", "fd00::2/64", "172.17.0.1")}, "172.17.0.2\tbox\nfd00::2\tbox\n"},
		"a domain":              {nil, "example.org", []*network.Endpoint{on("172.17.0.2/16", "", "172.17.0.1")}, "172.17.0.2\tbox.example.org box\n"},
		"added":                 {[]string{"db:192.0.2.7", "six:[2001:db8::1]", "bare:2001:db8::2"}, "", nil, "192.0.2.7\tdb\n2001:db8::1\tsix\n2001:db8::2\tbare\n"},
		"two networks":          {nil, "", []*network.Endpoint{on("10.0.0.2/24", "", "10.0.0.1"), on("10.1.0.2/24", "", "10.1.0.1")}, "10.0.0.2\tbox\n10.1.0.2\tbox\n"},
		"the host":              {[]string{"host:host-gateway"}, "", nil, "10.0.0.1\thost\n"},
		"added, before its own": {[]string{"a:192.0.2.7"}, "", []*network.Endpoint{on("10.0.0.2/24", "", "10.0.0.1")}, "192.0.2.7\ta\n10.0.0.2\tbox\n"},
	} {
		r := &container.Record{Config: container.Config{Domainname: c.domain}, Host: container.HostConfig{ExtraHosts: c.extra}}
		extra, err := extraHosts(c.extra, netip.MustParseAddr("10.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		if got := hostsFile(r, "box", extra, c.endpoints); got != local+c.want {
			t.Errorf("%s:\n%s", name, got)
		}
	}
	if _, err := extraHosts([]string{"host:host-gateway"}, netip.Addr{}); !errdefs.IsInvalidArgument(err) {
		t.Errorf("a host that is nowhere: %v", err)
	}
}

func TestResolvConf(t *testing.T) {
	const host = "# by hand\nnameserver 192.0.2.53\nnameserver 127.0.0.53\nnameserver ::1\nnameserver nonsense\nsearch corp.example example\noptions ndots:2 edns0\n"
	for name, c := range map[string]struct {
		host        string
		asked       container.HostConfig
		hostNetwork bool
		want        string
	}{
		"servers on the host's loopback are left out": {host, container.HostConfig{}, false, "nameserver 192.0.2.53\nsearch corp.example example\noptions ndots:2 edns0\n"},
		"but not for who shares its network":          {host, container.HostConfig{}, true, "nameserver 192.0.2.53\nnameserver 127.0.0.53\nnameserver ::1\nsearch corp.example example\noptions ndots:2 edns0\n"},
		"nothing is left":                             {"nameserver 127.0.0.1\n", container.HostConfig{}, false, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"},
		"the host has none":                           {"", container.HostConfig{}, true, ""},
		"what is asked for takes the place": {
			host,
			container.HostConfig{DNS: []string{"9.9.9.9"}, DNSSearch: []string{"a.b"}, DNSOptions: []string{"rotate"}},
			false,
			"nameserver 9.9.9.9\nsearch a.b\noptions rotate\n",
		},
		"a dot empties the search list": {host, container.HostConfig{DNSSearch: []string{"."}}, false, "nameserver 192.0.2.53\noptions ndots:2 edns0\n"},
		"the last of search and domain": {"search a b\ndomain c\n", container.HostConfig{DNS: []string{"9.9.9.9"}}, false, "nameserver 9.9.9.9\nsearch c\n"},
	} {
		if got := resolvConf(c.host, &c.asked, c.hostNetwork); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// FuzzResolvConf holds that whatever the host's file says, a container's has only lines that resolvers know.
func FuzzResolvConf(f *testing.F) {
	f.Add("nameserver 192.0.2.53\nsearch a\n")
	f.Add("options\nnameserver")
	f.Fuzz(func(t *testing.T, host string) {
		again := resolvConf(resolvConf(host, &container.HostConfig{}, true), &container.HostConfig{}, true)
		if first := resolvConf(host, &container.HostConfig{}, true); again != first {
			t.Errorf("read again %q becomes %q", first, again)
		}
	})
}
