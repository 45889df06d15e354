package container

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// Kill gives the kill command.
func Kill(s *session.Session) *cobra.Command {
	var signal string
	cmd := onEach(s, "kill [OPTIONS] CONTAINER [CONTAINER...]", "Kill one or more running containers",
		"tug container kill, tug kill",
		func(ctx context.Context, api *connection.Client, ref string) error {
			_, err := api.ContainerKill(ctx, ref, client.ContainerKillOptions{Signal: signal})
			return err
		})
	cmd.Flags().StringVarP(&signal, "signal", "s", "", "Signal to send to the container")
	return cmd
}
