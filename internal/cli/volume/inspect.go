package volume

import (
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// Inspect gives the `volume inspect` command.
func Inspect(s *session.Session) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:                   "inspect [OPTIONS] VOLUME [VOLUME...]",
		Short:                 "Display detailed information on one or more volumes",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			return inspect.Show(s.Out, args, format, func(ref string) (inspect.Object, error) {
				found, err := api.VolumeInspect(cmd.Context(), ref, client.VolumeInspectOptions{})
				return inspect.Object{Value: found.Volume, Raw: found.Raw}, err
			})
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	return cmd
}
