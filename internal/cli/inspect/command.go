package inspect

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// Command gives the inspect command of a kind of objects ("network"), each of which find asks the daemon for.
func Command(s *session.Session, kind string, find func(ctx context.Context, api *connection.Client, ref string) (Object, error)) *cobra.Command {
	var format string
	word := strings.ToUpper(kind)
	cmd := &cobra.Command{
		Use:                   "inspect [OPTIONS] " + word + " [" + word + "...]",
		Short:                 "Display detailed information on one or more " + kind + "s",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			return Show(s.Out, args, format, func(ref string) (Object, error) { return find(cmd.Context(), api, ref) })
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	return cmd
}
