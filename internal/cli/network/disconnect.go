package network

import (
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Disconnect gives the `network disconnect` command.
func Disconnect(s *session.Session) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:                   "disconnect [OPTIONS] NETWORK CONTAINER",
		Short:                 "Disconnect a container from a network",
		Args:                  session.ExactArgs(2),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			_, err = api.NetworkDisconnect(cmd.Context(), args[0], client.NetworkDisconnectOptions{Container: args[1], Force: force})
			return err
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "Force the container to disconnect from a network")
	return cmd
}
