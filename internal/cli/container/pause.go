package container

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// Pause gives the pause command.
func Pause(s *session.Session) *cobra.Command {
	return onEach(s, "pause CONTAINER [CONTAINER...]", "Pause all processes within one or more containers",
		"tug container pause, tug pause",
		func(ctx context.Context, api *connection.Client, ref string) error {
			_, err := api.ContainerPause(ctx, ref, client.ContainerPauseOptions{})
			return err
		})
}

// Unpause gives the unpause command.
func Unpause(s *session.Session) *cobra.Command {
	return onEach(s, "unpause CONTAINER [CONTAINER...]", "Unpause all processes within one or more containers",
		"tug container unpause, tug unpause",
		func(ctx context.Context, api *connection.Client, ref string) error {
			_, err := api.ContainerUnpause(ctx, ref, client.ContainerUnpauseOptions{})
			return err
		})
}
