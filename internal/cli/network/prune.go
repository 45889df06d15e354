package network

import (
	"context"
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prompt"
	"tug/internal/cli/session"
)

// Prune gives the `network prune` command.
func Prune(s *session.Session) *cobra.Command {
	var force bool
	filter := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use:                   "prune [OPTIONS]",
		Short:                 "Remove all unused networks",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			const warning = "WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?"
			if err := prompt.ConfirmOr(cmd.Context(), force, s.In, s.Out, warning); err != nil {
				return err
			}
			return PruneAll(cmd.Context(), s, filter.Value())
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&force, "force", "f", false, "Do not prompt for confirmation")
	flags.Var(&filter, "filter", `Provide filter values (e.g. "until=<timestamp>")`)
	return cmd
}

// PruneAll removes the networks that no container uses, and prints which.
func PruneAll(ctx context.Context, s *session.Session, given client.Filters) error {
	filters, err := s.PruneFilters(given)
	if err != nil {
		return err
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	result, err := api.NetworkPrune(ctx, client.NetworkPruneOptions{Filters: filters})
	if err != nil || len(result.Report.NetworksDeleted) == 0 {
		return err
	}
	_, _ = fmt.Fprintln(s.Out, "Deleted Networks:")
	for _, name := range result.Report.NetworksDeleted {
		_, _ = fmt.Fprintln(s.Out, name)
	}
	_, _ = fmt.Fprintln(s.Out)
	return nil
}
