package container

import (
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// Inspect gives the `container inspect` command.
func Inspect(s *session.Session) *cobra.Command {
	var format string
	var size bool
	cmd := &cobra.Command{
		Use:                   "inspect [OPTIONS] CONTAINER [CONTAINER...]",
		Short:                 "Display detailed information on one or more containers",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			return inspect.Show(s.Out, args, format, func(ref string) (inspect.Object, error) {
				found, err := api.ContainerInspect(cmd.Context(), ref, client.ContainerInspectOptions{Size: size})
				return inspect.Object{Value: &found.Container, Raw: found.Raw}, err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	flags.BoolVarP(&size, "size", "s", false, "Display total file sizes")
	return cmd
}
