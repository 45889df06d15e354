package volume

import (
	"errors"
	"fmt"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Remove gives the `volume rm` command.
func Remove(s *session.Session) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:                   "rm [OPTIONS] VOLUME [VOLUME...]",
		Aliases:               []string{"remove"},
		Short:                 "Remove one or more volumes",
		Long:                  "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			var errs []error
			for _, name := range args {
				if _, err := api.VolumeRemove(cmd.Context(), name, client.VolumeRemoveOptions{Force: force}); err != nil {
					errs = append(errs, err)
					continue
				}
				_, _ = fmt.Fprintln(s.Out, name)
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "Force the removal of one or more volumes")
	return cmd
}
