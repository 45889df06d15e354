package network

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prune"
	"tug/internal/cli/session"
)

// Prune gives the `network prune` command.
func Prune(s *session.Session) *cobra.Command {
	return prune.Command{
		Short:   "Remove all unused networks",
		Filter:  "until=<timestamp>",
		Warning: prune.Always("WARNING! This will remove all custom networks not used by at least one container.\n"),
		Remove: func(ctx context.Context, _ bool, given client.Filters) (uint64, error) {
			return 0, PruneAll(ctx, s, given)
		},
		TellsNoSpace: true,
	}.Build(s)
}

// PruneAll removes the networks that no container uses, and prints which.
func PruneAll(ctx context.Context, s *session.Session, given client.Filters) error {
	api, filters, err := prune.Begin(s, given)
	if err != nil {
		return err
	}
	result, err := api.NetworkPrune(ctx, client.NetworkPruneOptions{Filters: filters})
	if err != nil {
		return err
	}
	prune.Tell(s.Out, "Deleted Networks:", result.Report.NetworksDeleted)
	return nil
}
