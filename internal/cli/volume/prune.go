package volume

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/docker/go-units"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/prompt"
	"tug/internal/cli/session"
)

// Prune gives the `volume prune` command.
func Prune(s *session.Session) *cobra.Command {
	var force, all bool
	filter := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use:                   "prune [OPTIONS]",
		Short:                 "Remove unused local volumes",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, given := filter.Value()["all"]; given && all {
				return errors.New("conflicting options: cannot specify both --all and --filter all=1")
			}
			which := "anonymous"
			if all {
				which = "all"
			}
			warning := fmt.Sprintf("WARNING! This will remove %s local volumes not used by at least one container.\nAre you sure you want to continue?", which)
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
	flags.BoolVarP(&all, "all", "a", false, "Remove all unused volumes, not just anonymous ones")
	flags.BoolVarP(&force, "force", "f", false, "Do not prompt for confirmation")
	flags.Var(&filter, "filter", `Provide filter values (e.g. "label=<label>")`)
	return cmd
}

// PruneAll removes the unused anonymous volumes, or all unused ones, prints which, and gives the bytes freed.
func PruneAll(ctx context.Context, s *session.Session, all bool, given client.Filters) (freed uint64, err error) {
	filters, err := s.PruneFilters(given)
	if err != nil {
		return 0, err
	}
	if all {
		filters.Add("all", "true")
	}
	api, err := s.API()
	if err != nil {
		return 0, err
	}
	result, err := api.VolumePrune(ctx, client.VolumePruneOptions{Filters: filters})
	if err != nil {
		return 0, err
	}
	if len(result.Report.VolumesDeleted) > 0 {
		_, _ = fmt.Fprintln(s.Out, "Deleted Volumes:")
		for _, name := range result.Report.VolumesDeleted {
			_, _ = fmt.Fprintln(s.Out, name)
		}
		_, _ = fmt.Fprintln(s.Out)
	}
	return result.Report.SpaceReclaimed, nil
}
