package volume

import (
	"errors"
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Create gives the `volume create` command.
func Create(s *session.Session) *cobra.Command {
	var name, driver string
	driverOpts := opts.NewMapOpts(nil, nil)
	labels := opts.NewListOpts(opts.ValidateLabel)
	cmd := &cobra.Command{
		Use:                   "create [OPTIONS] [VOLUME]",
		Short:                 "Create a volume",
		Args:                  session.MaxArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if name != "" {
					return errors.New("conflicting options: cannot specify a volume-name through both --name and as a positional arg")
				}
				name = args[0]
			}
			if err := refuseCluster(cmd.Flags()); err != nil {
				return err
			}
			api, err := s.API()
			if err != nil {
				return err
			}
			created, err := api.VolumeCreate(cmd.Context(), client.VolumeCreateOptions{
				Name:       name,
				Driver:     driver,
				DriverOpts: driverOpts.GetAll(),
				Labels:     opts.ConvertKVStringsToMap(labels.GetSlice()),
			})
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, created.Volume.Name)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&driver, "driver", "d", "local", "Specify volume driver name")
	flags.StringVar(&name, "name", "", "Specify volume name")
	_ = flags.MarkHidden("name")
	flags.VarP(driverOpts, "opt", "o", "Set driver specific options")
	flags.Var(&labels, "label", "Set metadata for a volume")
	clusterFlags(flags)
	return cmd
}
