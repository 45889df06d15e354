package container

import (
	"fmt"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Rename gives the rename command.
func Rename(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "rename CONTAINER NEW_NAME",
		Short:                 "Rename a container",
		Args:                  session.ExactArgs(2),
		Annotations:           map[string]string{"aliases": "tug container rename, tug rename"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			if _, err := api.ContainerRename(cmd.Context(), args[0], client.ContainerRenameOptions{NewName: args[1]}); err != nil {
				return fmt.Errorf("failed to rename container: %w", err)
			}
			return nil
		},
	}
}
