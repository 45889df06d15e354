package network

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// Inspect gives the `network inspect` command.
func Inspect(s *session.Session) *cobra.Command {
	var verbose bool
	cmd := inspect.Command(s, "network", func(ctx context.Context, api *connection.Client, ref string) (inspect.Object, error) {
		found, err := api.NetworkInspect(ctx, ref, client.NetworkInspectOptions{Verbose: verbose})
		return inspect.Object{Value: found.Network, Raw: found.Raw}, err
	})
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "Verbose output for diagnostics")
	return cmd
}
