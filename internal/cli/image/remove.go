package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type removeOptions struct {
	force     bool
	noPrune   bool
	platforms []string
}

// Rmi gives the rmi command.
func Rmi(s *session.Session) *cobra.Command {
	var o removeOptions
	cmd := &cobra.Command{
		Use:                   "rmi [OPTIONS] IMAGE [IMAGE...]",
		Short:                 "Remove one or more images",
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": "tug image rm, tug image remove, tug rmi"},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.remove(cmd.Context(), s, args) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.force, "force", "f", false, "Force removal of the image")
	flags.BoolVar(&o.noPrune, "no-prune", false, "Do not delete untagged parents")
	flags.StringSliceVar(&o.platforms, "platform", nil, `Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")`)
	return cmd
}

// Remove gives the same command as it is called below `image`.
func Remove(s *session.Session) *cobra.Command {
	cmd := Rmi(s)
	cmd.Use = "rm [OPTIONS] IMAGE [IMAGE...]"
	cmd.Aliases = []string{"rmi", "remove"}
	return cmd
}

// remove removes one image after the other. With --force an image that is not there is mentioned, but no
// failure.
func (o *removeOptions) remove(ctx context.Context, s *session.Session, images []string) error {
	wanted, err := parsePlatforms(o.platforms...)
	if err != nil {
		return err
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	var errs []error
	failed := false
	for _, image := range images {
		removed, err := api.ImageRemove(ctx, image, client.ImageRemoveOptions{Force: o.force, PruneChildren: !o.noPrune, Platforms: wanted})
		if err != nil {
			failed = failed || !o.force || !errdefs.IsNotFound(err)
			errs = append(errs, err)
			continue
		}
		for _, item := range removed.Items {
			if item.Deleted != "" {
				_, _ = fmt.Fprintln(s.Out, "Deleted:", item.Deleted)
			} else {
				_, _ = fmt.Fprintln(s.Out, "Untagged:", item.Untagged)
			}
		}
	}
	if len(errs) > 0 && !failed {
		_, _ = fmt.Fprintln(s.Err, errors.Join(errs...))
		return nil
	}
	return errors.Join(errs...)
}
