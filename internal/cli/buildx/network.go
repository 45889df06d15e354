package buildx

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// networkPrefix begins a cgroup parent that names a network as well, as the daemon takes it apart again (internal/build/place.go).
const networkPrefix = "tug-network="

// nameNetwork passes the name of a network on to the daemon: buildx refuses all but these three, because BuildKit's builds have no place for
// one. A builder that is named may be another's than tug's, and gets what was typed.
func nameNetwork(flags *pflag.FlagSet) error {
	network, err := flags.GetString("network")
	if err != nil {
		return err
	}
	parent, err := flags.GetString("cgroup-parent")
	if err != nil {
		return err
	}
	builder := flags.Lookup("builder")
	if slices.Contains([]string{"", "default", "none", "host"}, network) || strings.Contains(network, ";") || builder != nil && builder.Changed {
		return nil
	}
	if err := flags.Set("network", "default"); err != nil {
		return err
	}
	return flags.Set("cgroup-parent", networkPrefix+network+";"+parent)
}
