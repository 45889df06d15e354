package build

import (
	"context"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prune"
	"tug/internal/cli/session"
)

// Prune gives the `builder prune` command.
func Prune(s *session.Session) *cobra.Command {
	var reserved opts.MemBytes
	cmd := prune.Command{
		Short:  "Remove build cache",
		All:    "Remove all unused build cache, not just dangling ones",
		Filter: "until=24h",
		Warning: prune.Either("WARNING! This will remove all dangling build cache. ",
			"WARNING! This will remove all build cache. "),
		Remove: func(ctx context.Context, all bool, given client.Filters) (uint64, error) {
			return PruneAll(ctx, s, client.BuildCachePruneOptions{All: all, ReservedSpace: reserved.Value(), Filters: given})
		},
	}.Build(s)
	cmd.Use = "prune"
	cmd.Flags().Var(&reserved, "keep-storage", "Amount of disk space to keep for cache")
	return cmd
}

// PruneAll removes what builds have cached and o means, prints what was removed and gives the bytes freed.
func PruneAll(ctx context.Context, s *session.Session, o client.BuildCachePruneOptions) (freed uint64, err error) {
	api, filters, err := prune.Begin(s, o.Filters)
	if err != nil {
		return 0, err
	}
	o.Filters = filters
	result, err := api.BuildCachePrune(ctx, o)
	if err != nil {
		return 0, err
	}
	prune.Tell(s.Out, "Deleted build cache objects:", result.Report.CachesDeleted)
	return result.Report.SpaceReclaimed, nil
}
