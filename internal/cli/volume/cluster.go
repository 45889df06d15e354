package volume

import (
	"errors"
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/session"
)

// clusterFlags are Docker's for volumes that a swarm manages. They are known, so that a script is told what
// it asks for and not that its words are wrong; tug runs no swarm.
func clusterFlags(flags *pflag.FlagSet) {
	flags.String("group", "", "Cluster Volume group (cluster volumes)")
	flags.String("scope", "single", `Cluster Volume access scope ("single", "multi")`)
	flags.String("sharing", "none", `Cluster Volume access sharing ("none", "readonly", "onewriter", "all")`)
	flags.String("availability", "active", `Cluster Volume availability ("active", "pause", "drain")`)
	flags.String("type", "block", `Cluster Volume access type ("mount", "block")`)
	flags.Var(opts.NewMapOpts(nil, nil), "secret", "Cluster Volume secrets")
	flags.Var(new(opts.MemBytes), "limit-bytes", "Minimum size of the Cluster Volume in bytes")
	flags.Var(new(opts.MemBytes), "required-bytes", "Maximum size of the Cluster Volume in bytes")
	for name, usage := range map[string]string{
		"topology-required":  "A topology that the Cluster Volume must be accessible from",
		"topology-preferred": "A topology that the Cluster Volume would be preferred in",
	} {
		list := opts.NewListOpts(nil)
		flags.Var(&list, name, usage)
	}
}

// refuseCluster refuses the flags of clusterFlags.
func refuseCluster(flags *pflag.FlagSet) error {
	known := pflag.NewFlagSet("", pflag.ContinueOnError)
	clusterFlags(known)
	var errs []error
	flags.Visit(func(f *pflag.Flag) {
		if known.Lookup(f.Name) != nil {
			errs = append(errs, fmt.Errorf(`"--%s" is for the volumes of a swarm, and tug runs none`, f.Name))
		}
	})
	return errors.Join(errs...)
}

// Update gives the `volume update` command, which has nothing to update.
func Update(s *session.Session) *cobra.Command {
	cmd := &cobra.Command{
		Use:                   "update [OPTIONS] [VOLUME]",
		Short:                 "Update a volume (cluster volumes only)",
		Args:                  session.ExactArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			if _, err := api.VolumeInspect(cmd.Context(), args[0], client.VolumeInspectOptions{}); err != nil {
				return err
			}
			return errors.New("can only update cluster volumes")
		},
	}
	cmd.Flags().String("availability", "active", `Cluster Volume availability ("active", "pause", "drain")`)
	return cmd
}
