package container

import (
	"fmt"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Create gives the create command.
func Create(s *session.Session) *cobra.Command {
	var n newContainer
	cmd := &cobra.Command{
		Use:                   "create [OPTIONS] IMAGE [COMMAND] [ARG...]",
		Short:                 "Create a new container",
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": "tug container create, tug create"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := n.request(s, cmd.Flags(), args)
			if err != nil {
				return optionError(err, "create")
			}
			if n.dryRun {
				return n.plan(cmd.Context(), s, request)
			}
			id, err := n.make(cmd.Context(), s, request)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, id)
			return nil
		},
	}
	n.register(s, cmd, "Pull image before creating")
	return cmd
}
