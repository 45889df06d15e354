package container

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// Inspect gives the `container inspect` command.
func Inspect(s *session.Session) *cobra.Command {
	var size bool
	cmd := inspect.Command(s, "container", func(ctx context.Context, api *connection.Client, ref string) (inspect.Object, error) {
		found, err := api.ContainerInspect(ctx, ref, client.ContainerInspectOptions{Size: size})
		return inspect.Object{Value: &found.Container, Raw: found.Raw}, err
	})
	cmd.Flags().BoolVarP(&size, "size", "s", false, "Display total file sizes")
	return cmd
}
