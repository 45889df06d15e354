package container

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

// Prune gives the `container prune` command.
func Prune(s *session.Session) *cobra.Command {
	var force bool
	filter := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use:                   "prune [OPTIONS]",
		Short:                 "Remove all stopped containers",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			const warning = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue?"
			if err := prompt.ConfirmOr(cmd.Context(), force, s.In, s.Out, warning); err != nil {
				return err
			}
			freed, err := PruneAll(cmd.Context(), s, filter.Value())
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, "Total reclaimed space:", units.HumanSize(float64(freed)))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&force, "force", "f", false, "Do not prompt for confirmation")
	flags.Var(&filter, "filter", `Provide filter values (e.g. "until=<timestamp>")`)
	return cmd
}

// PruneAll removes the stopped containers, prints which, and gives the bytes freed.
func PruneAll(ctx context.Context, s *session.Session, given client.Filters) (freed uint64, err error) {
	filters, err := s.PruneFilters(given)
	if err != nil {
		return 0, err
	}
	api, err := s.API()
	if err != nil {
		return 0, err
	}
	result, err := api.ContainerPrune(ctx, client.ContainerPruneOptions{Filters: filters})
	if err != nil {
		return 0, err
	}
	if len(result.Report.ContainersDeleted) > 0 {
		_, _ = fmt.Fprintln(s.Out, "Deleted Containers:")
		for _, id := range result.Report.ContainersDeleted {
			_, _ = fmt.Fprintln(s.Out, id)
		}
		_, _ = fmt.Fprintln(s.Out)
	}
	return result.Report.SpaceReclaimed, nil
}
