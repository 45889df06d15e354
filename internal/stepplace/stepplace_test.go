package stepplace_test

import (
	"testing"

	"github.com/containerd/errdefs"

	"tug/internal/stepplace"
)

func TestANetworkIsNamedWithACgroupParent(t *testing.T) {
	for _, c := range []struct{ network, parent, want string }{
		{"net1", "", "net1"}, {"net1", "/a;b", "net1"}, {"", "/a", "default"}, {"", "", "default"},
	} {
		network, parent, err := stepplace.Parse(stepplace.Text(c.network, c.parent))
		if network != c.want || parent != c.parent || err != nil {
			t.Errorf("%+v: network %q, parent %q, %v", c, network, parent, err)
		}
	}
}

func TestTheHostsNetworkAndAContainersAreNotNamedSo(t *testing.T) {
	for _, text := range []string{
		stepplace.Text("host", ""), stepplace.Text("container:db", "/p"), stepplace.Text("ns:/proc/1/ns/net", ""), "tug-network=", "tug-network=;/p", "tug-network=host",
	} {
		if network, _, err := stepplace.Parse(text); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: network %q, %v", text, network, err)
		}
	}
}
