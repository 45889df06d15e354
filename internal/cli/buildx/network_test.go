package buildx

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestANetworkThatBuildxDoesNotKnowGoesToTheDaemon(t *testing.T) {
	for _, c := range []struct{ given, network, parent string }{
		{"", "default", ""},
		{"--network=none", "none", ""},
		{"--network=host", "host", ""},
		{"--network=mine", "default", "tug-network=mine;"},
		{"--network=mine --cgroup-parent=/p", "default", "tug-network=mine;/p"},
		{"--network=mine --builder=remote", "mine", ""},
		{"--network=mine --builder=default", "default", "tug-network=mine;"},
		{"--network=a;b", "a;b", ""},
	} {
		flags := pflag.NewFlagSet("build", pflag.ContinueOnError)
		network, parent := flags.String("network", "default", ""), flags.String("cgroup-parent", "", "")
		flags.String("builder", "", "")
		if err := flags.Parse(strings.Fields(c.given)); err != nil {
			t.Fatal(err)
		}
		if err := nameNetwork(flags, func(builder string) (bool, error) { return builder != "remote", nil }); err != nil || *network != c.network || *parent != c.parent {
			t.Errorf("%s: network %q, cgroup parent %q, %v", c.given, *network, *parent, err)
		}
	}
}
