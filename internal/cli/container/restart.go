package container

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// Restart gives the restart command.
func Restart(s *session.Session) *cobra.Command {
	var e ending
	cmd := onEach(s, "restart [OPTIONS] CONTAINER [CONTAINER...]", "Restart one or more containers",
		"tug container restart, tug restart",
		func(ctx context.Context, api *connection.Client, ref string) error {
			_, err := api.ContainerRestart(ctx, ref, client.ContainerRestartOptions{Signal: e.signal, Timeout: e.timeout()})
			return err
		})
	cmd.Args = oneTimeout
	e.register(cmd.Flags(), "Seconds to wait before killing the container")
	return cmd
}
