package container

import (
	"fmt"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Diff gives the diff command.
func Diff(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "diff CONTAINER",
		Short:                 "Inspect changes to files or directories on a container's filesystem",
		Args:                  session.ExactArgs(1),
		Annotations:           map[string]string{"aliases": "tug container diff, tug diff"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			result, err := api.ContainerDiff(cmd.Context(), args[0], client.ContainerDiffOptions{})
			if err != nil {
				return err
			}
			for _, change := range result.Changes {
				_, _ = fmt.Fprintln(s.Out, change.Kind, change.Path)
			}
			return nil
		},
	}
}
