package container

import (
	"context"
	"errors"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// Remove gives the rm command.
func Remove(s *session.Session) *cobra.Command {
	var o client.ContainerRemoveOptions
	cmd := onEach(s, "rm [OPTIONS] CONTAINER [CONTAINER...]", "Remove one or more containers",
		"tug container rm, tug container remove, tug rm",
		func(ctx context.Context, api *connection.Client, ref string) error {
			ref = strings.Trim(ref, "/")
			if ref == "" {
				return errors.New("container name cannot be empty")
			}
			_, err := api.ContainerRemove(ctx, ref, o)
			if o.Force && errdefs.IsNotFound(err) {
				return errPassOver
			}
			return err
		})
	cmd.SuggestFor = []string{"delete", "del", "remove"}
	flags := cmd.Flags()
	flags.BoolVarP(&o.RemoveVolumes, "volumes", "v", false, "Remove anonymous volumes associated with the container")
	flags.BoolVarP(&o.RemoveLinks, "link", "l", false, "Remove the specified link")
	flags.BoolVarP(&o.Force, "force", "f", false, "Force the removal of a running container (uses SIGKILL)")
	return cmd
}

// RemoveBelow gives the same command as it is called below `container`.
func RemoveBelow(s *session.Session) *cobra.Command {
	cmd := Remove(s)
	cmd.Aliases = []string{"remove"}
	return cmd
}
