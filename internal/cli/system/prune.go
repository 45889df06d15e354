package system

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/opts"
	"github.com/docker/go-units"
	"github.com/fvbommel/sortorder"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/build"
	"tug/internal/cli/container"
	"tug/internal/cli/image"
	"tug/internal/cli/network"
	"tug/internal/cli/prompt"
	"tug/internal/cli/session"
	"tug/internal/cli/volume"
)

type pruneOptions struct {
	force   bool
	all     bool
	volumes bool
	filter  opts.FilterOpt
}

// Prune gives the `system prune` command.
func Prune(s *session.Session) *cobra.Command {
	o := pruneOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:                   "prune [OPTIONS]",
		Short:                 "Remove unused data",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return o.prune(cmd.Context(), s) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.force, "force", "f", false, "Do not prompt for confirmation")
	flags.BoolVarP(&o.all, "all", "a", false, "Remove all unused images not just dangling ones")
	flags.BoolVar(&o.volumes, "volumes", false, "Prune anonymous volumes")
	flags.Var(&o.filter, "filter", `Provide filter values (e.g. "label=<key>=<value>")`)
	return cmd
}

func (o *pruneOptions) prune(ctx context.Context, s *session.Session) error {
	if _, until := o.filter.Value()["until"]; until && o.volumes {
		return errors.New(`ERROR: The "until" filter is not supported with "--volumes"`)
	}
	warning, err := o.warning(s)
	if err != nil {
		return err
	}
	if err := prompt.ConfirmOr(ctx, o.force, s.In, s.Out, warning); err != nil {
		return err
	}
	filters := o.filter.Value()
	steps := []func() (uint64, error){
		func() (uint64, error) { return container.PruneAll(ctx, s, filters) },
		func() (uint64, error) { return 0, network.PruneAll(ctx, s, filters) },
	}
	if o.volumes {
		steps = append(steps, func() (uint64, error) { return volume.PruneAll(ctx, s, false, filters) })
	}
	steps = append(steps,
		func() (uint64, error) { return image.PruneAll(ctx, s, o.all, filters) },
		func() (uint64, error) {
			return build.PruneAll(ctx, s, client.BuildCachePruneOptions{All: o.all, Filters: filters})
		})

	var freed uint64
	for _, step := range steps {
		bytes, err := step()
		if err != nil && !errdefs.IsNotImplemented(err) {
			return err
		}
		freed += bytes
	}
	_, _ = fmt.Fprintln(s.Out, "Total reclaimed space:", units.HumanSize(float64(freed)))
	return nil
}

// warning says what will be removed.
func (o *pruneOptions) warning(s *session.Session) (string, error) {
	lines := []string{
		"WARNING! This will remove:",
		"  - all stopped containers",
		"  - all networks not used by at least one container",
	}
	if o.volumes {
		lines = append(lines, "  - all anonymous volumes not used by at least one container")
	}
	if o.all {
		lines = append(lines, "  - all images without at least one container associated to them", "  - all build cache")
	} else {
		lines = append(lines, "  - all dangling images", "  - unused build cache")
	}
	lines = append(lines, "")
	filters, err := s.PruneFilters(o.filter.Value())
	if err != nil {
		return "", err
	}
	var named []string
	for _, key := range []string{"label", "label!", "until"} {
		for value := range filters[key] {
			named = append(named, "  - "+key+"="+value)
		}
	}
	if len(named) > 0 {
		slices.SortFunc(named, sortorder.NaturalCompare)
		lines = append(lines, "  Items to be pruned will be filtered with:")
		lines = append(append(lines, named...), "")
	}
	return strings.Join(lines, "\n") + "\nAre you sure you want to continue?", nil
}
