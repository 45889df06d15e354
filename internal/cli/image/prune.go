package image

import (
	"context"
	"strconv"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prune"
	"tug/internal/cli/session"
)

// Prune gives the `image prune` command.
func Prune(s *session.Session) *cobra.Command {
	return prune.Command{
		Short:  "Remove unused images",
		All:    "Remove all unused images, not just dangling ones",
		Filter: "until=<timestamp>",
		Warning: prune.Either("WARNING! This will remove all dangling images.\n",
			"WARNING! This will remove all images without at least one container associated to them.\n"),
		Remove: func(ctx context.Context, all bool, given client.Filters) (uint64, error) {
			return PruneAll(ctx, s, all, given)
		},
	}.Build(s)
}

// PruneAll removes dangling images, or all unused ones, prints what was removed and gives the bytes freed.
func PruneAll(ctx context.Context, s *session.Session, all bool, given client.Filters) (freed uint64, err error) {
	api, filters, err := prune.Begin(s, given)
	if err != nil {
		return 0, err
	}
	filters.Add("dangling", strconv.FormatBool(!all))
	result, err := api.ImagePrune(ctx, client.ImagePruneOptions{Filters: filters})
	if err != nil {
		return 0, err
	}
	var removed []string
	for _, item := range result.Report.ImagesDeleted {
		if item.Untagged != "" {
			removed = append(removed, "untagged: "+item.Untagged)
		} else {
			removed = append(removed, "deleted: "+item.Deleted)
		}
	}
	prune.Tell(s.Out, "Deleted Images:", removed)
	return result.Report.SpaceReclaimed, nil
}
