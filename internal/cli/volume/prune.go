package volume

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prune"
	"tug/internal/cli/session"
)

// Prune gives the `volume prune` command.
func Prune(s *session.Session) *cobra.Command {
	return prune.Command{
		Short:   "Remove unused local volumes",
		All:     "Remove all unused volumes, not just anonymous ones",
		Filter:  "label=<label>",
		Warning: pruneWarning,
		Remove: func(ctx context.Context, all bool, given client.Filters) (uint64, error) {
			return PruneAll(ctx, s, all, given)
		},
	}.Build(s)
}

func pruneWarning(all bool, given client.Filters) (string, error) {
	which := "anonymous"
	if all {
		which = "all"
		if _, has := given["all"]; has {
			return "", errors.New("conflicting options: cannot specify both --all and --filter all=1")
		}
	}
	return fmt.Sprintf("WARNING! This will remove %s local volumes not used by at least one container.\n", which), nil
}

// PruneAll removes the unused anonymous volumes, or all unused ones, prints which, and gives the bytes freed.
func PruneAll(ctx context.Context, s *session.Session, all bool, given client.Filters) (freed uint64, err error) {
	api, filters, err := prune.Begin(s, given)
	if err != nil {
		return 0, err
	}
	if all {
		filters.Add("all", "true")
	}
	result, err := api.VolumePrune(ctx, client.VolumePruneOptions{Filters: filters})
	if err != nil {
		return 0, err
	}
	prune.Tell(s.Out, "Deleted Volumes:", result.Report.VolumesDeleted)
	return result.Report.SpaceReclaimed, nil
}
