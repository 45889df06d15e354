package buildx

import (
	"slices"
	"strings"

	"github.com/docker/buildx/builder"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/pflag"

	"tug/internal/stepplace"
)

// nameNetwork passes the name of a network on to the daemon: buildx refuses all but these three, because BuildKit's builds have no place for
// one. A builder that is not the daemon itself gets what was typed.
func nameNetwork(flags *pflag.FlagSet, byDaemon func(builder string) (bool, error)) error {
	network, err := flags.GetString("network")
	if err != nil {
		return err
	}
	parent, err := flags.GetString("cgroup-parent")
	if err != nil {
		return err
	}
	if slices.Contains([]string{"", "default", "none", "host"}, network) || strings.Contains(network, ";") {
		return nil
	}
	name, err := flags.GetString("builder")
	if err != nil {
		return err
	}
	if ours, err := byDaemon(name); err != nil || !ours {
		return err
	}
	if err := flags.Set("network", "default"); err != nil {
		return err
	}
	return flags.Set("cgroup-parent", stepplace.Text(network, parent))
}

// buildsByDaemon tells whether a builder, "" for the one that is in use, is the daemon that tug speaks to.
func buildsByDaemon(docker command.Cli, name string) (bool, error) {
	b, err := builder.New(docker, builder.WithName(name), builder.WithSkippedValidation())
	if err != nil {
		return false, err
	}
	return b.DockerContext || b.Driver == "docker", nil
}
