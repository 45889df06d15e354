package volume

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// Inspect gives the `volume inspect` command.
func Inspect(s *session.Session) *cobra.Command {
	return inspect.Command(s, "volume", func(ctx context.Context, api *connection.Client, ref string) (inspect.Object, error) {
		found, err := api.VolumeInspect(ctx, ref, client.VolumeInspectOptions{})
		return inspect.Object{Value: found.Volume, Raw: found.Raw}, err
	})
}
