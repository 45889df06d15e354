package network

import (
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// Inspect gives the `network inspect` command.
func Inspect(s *session.Session) *cobra.Command {
	var format string
	var verbose bool
	cmd := &cobra.Command{
		Use:                   "inspect [OPTIONS] NETWORK [NETWORK...]",
		Short:                 "Display detailed information on one or more networks",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			return inspect.Show(s.Out, args, format, func(ref string) (inspect.Object, error) {
				found, err := api.NetworkInspect(cmd.Context(), ref, client.NetworkInspectOptions{Verbose: verbose})
				return inspect.Object{Value: found.Network, Raw: found.Raw}, err
			})
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "Verbose output for diagnostics")
	return cmd
}
