package network

import (
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Remove gives the `network rm` command.
func Remove(s *session.Session) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:                   "rm NETWORK [NETWORK...]",
		Aliases:               []string{"remove"},
		Short:                 "Remove one or more networks",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			failed := false
			for _, name := range args {
				_, err := api.NetworkRemove(cmd.Context(), name, client.NetworkRemoveOptions{})
				switch {
				case err == nil:
					_, _ = fmt.Fprintln(s.Out, name)
				case !force || !errdefs.IsNotFound(err):
					_, _ = fmt.Fprintln(s.Err, err)
					failed = true
				}
			}
			if failed {
				return session.Status{Code: 1, Err: fmt.Errorf("exit status 1")}
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "Do not error if the network does not exist")
	return cmd
}
