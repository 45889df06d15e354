package image

import (
	"context"
	"fmt"
	"strconv"

	"github.com/docker/cli/opts"
	"github.com/docker/go-units"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prompt"
	"tug/internal/cli/session"
)

// Prune gives the `image prune` command.
func Prune(s *session.Session) *cobra.Command {
	var force, all bool
	filter := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use:                   "prune [OPTIONS]",
		Short:                 "Remove unused images",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			warning := "WARNING! This will remove all dangling images.\nAre you sure you want to continue?"
			if all {
				warning = "WARNING! This will remove all images without at least one container associated to them.\nAre you sure you want to continue?"
			}
			if err := prompt.ConfirmOr(cmd.Context(), force, s.In, s.Out, warning); err != nil {
				return err
			}
			freed, err := PruneAll(cmd.Context(), s, all, filter.Value())
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, "Total reclaimed space:", units.HumanSize(float64(freed)))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&force, "force", "f", false, "Do not prompt for confirmation")
	flags.BoolVarP(&all, "all", "a", false, "Remove all unused images, not just dangling ones")
	flags.Var(&filter, "filter", `Provide filter values (e.g. "until=<timestamp>")`)
	return cmd
}

// PruneAll removes dangling images, or all unused ones, prints what was removed and gives the bytes freed.
func PruneAll(ctx context.Context, s *session.Session, all bool, given client.Filters) (freed uint64, err error) {
	filters, err := s.PruneFilters(given)
	if err != nil {
		return 0, err
	}
	filters.Add("dangling", strconv.FormatBool(!all))
	api, err := s.API()
	if err != nil {
		return 0, err
	}
	result, err := api.ImagePrune(ctx, client.ImagePruneOptions{Filters: filters})
	if err != nil {
		return 0, err
	}
	if len(result.Report.ImagesDeleted) > 0 {
		_, _ = fmt.Fprintln(s.Out, "Deleted Images:")
		for _, item := range result.Report.ImagesDeleted {
			if item.Untagged != "" {
				_, _ = fmt.Fprintln(s.Out, "untagged:", item.Untagged)
			} else {
				_, _ = fmt.Fprintln(s.Out, "deleted:", item.Deleted)
			}
		}
		_, _ = fmt.Fprintln(s.Out)
	}
	return result.Report.SpaceReclaimed, nil
}
