package build

import (
	"context"
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/docker/go-units"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prompt"
	"tug/internal/cli/session"
)

// Prune gives the `builder prune` command.
func Prune(s *session.Session) *cobra.Command {
	var force bool
	var o client.BuildCachePruneOptions
	var reserved opts.MemBytes
	filter := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use:                   "prune",
		Short:                 "Remove build cache",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			warning := "WARNING! This will remove all dangling build cache. Are you sure you want to continue?"
			if o.All {
				warning = "WARNING! This will remove all build cache. Are you sure you want to continue?"
			}
			if err := prompt.ConfirmOr(cmd.Context(), force, s.In, s.Out, warning); err != nil {
				return err
			}
			o.ReservedSpace, o.Filters = reserved.Value(), filter.Value()
			freed, err := PruneAll(cmd.Context(), s, o)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, "Total reclaimed space:", units.HumanSize(float64(freed)))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&force, "force", "f", false, "Do not prompt for confirmation")
	flags.BoolVarP(&o.All, "all", "a", false, "Remove all unused build cache, not just dangling ones")
	flags.Var(&filter, "filter", `Provide filter values (e.g. "until=24h")`)
	flags.Var(&reserved, "keep-storage", "Amount of disk space to keep for cache")
	return cmd
}

// PruneAll removes what builds have cached and o means, prints what was removed and gives the bytes freed.
func PruneAll(ctx context.Context, s *session.Session, o client.BuildCachePruneOptions) (freed uint64, err error) {
	if o.Filters, err = s.PruneFilters(o.Filters); err != nil {
		return 0, err
	}
	api, err := s.API()
	if err != nil {
		return 0, err
	}
	result, err := api.BuildCachePrune(ctx, o)
	if err != nil {
		return 0, err
	}
	if len(result.Report.CachesDeleted) > 0 {
		_, _ = fmt.Fprintln(s.Out, "Deleted build cache objects:")
		for _, id := range result.Report.CachesDeleted {
			_, _ = fmt.Fprintln(s.Out, id)
		}
		_, _ = fmt.Fprintln(s.Out)
	}
	return result.Report.SpaceReclaimed, nil
}
