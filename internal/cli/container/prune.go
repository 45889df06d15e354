package container

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prune"
	"tug/internal/cli/session"
)

// Prune gives the `container prune` command.
func Prune(s *session.Session) *cobra.Command {
	return prune.Command{
		Short:   "Remove all stopped containers",
		Filter:  "until=<timestamp>",
		Warning: prune.Always("WARNING! This will remove all stopped containers.\n"),
		Remove: func(ctx context.Context, _ bool, given client.Filters) (uint64, error) {
			return PruneAll(ctx, s, given)
		},
	}.Build(s)
}

// PruneAll removes the stopped containers, prints which, and gives the bytes freed.
func PruneAll(ctx context.Context, s *session.Session, given client.Filters) (freed uint64, err error) {
	api, filters, err := prune.Begin(s, given)
	if err != nil {
		return 0, err
	}
	result, err := api.ContainerPrune(ctx, client.ContainerPruneOptions{Filters: filters})
	if err != nil {
		return 0, err
	}
	prune.Tell(s.Out, "Deleted Containers:", result.Report.ContainersDeleted)
	return result.Report.SpaceReclaimed, nil
}
