package system

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/fvbommel/sortorder"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/build"
	"tug/internal/cli/container"
	"tug/internal/cli/image"
	"tug/internal/cli/network"
	"tug/internal/cli/prune"
	"tug/internal/cli/session"
	"tug/internal/cli/volume"
)

// Prune gives the `system prune` command.
func Prune(s *session.Session) *cobra.Command {
	var volumes bool
	cmd := prune.Command{
		Short:  "Remove unused data",
		All:    "Remove all unused images not just dangling ones",
		Filter: "label=<key>=<value>",
		Warning: func(all bool, given client.Filters) (string, error) {
			return pruneWarning(s, all, volumes, given)
		},
		Remove: func(ctx context.Context, all bool, given client.Filters) (uint64, error) {
			return pruneAll(ctx, s, all, volumes, given)
		},
	}.Build(s)
	cmd.Flags().BoolVar(&volumes, "volumes", false, "Prune anonymous volumes")
	return cmd
}

// pruneAll removes what is unused of every kind that the daemon knows, and gives the bytes freed.
func pruneAll(ctx context.Context, s *session.Session, all, volumes bool, given client.Filters) (freed uint64, err error) {
	steps := []func() (uint64, error){
		func() (uint64, error) { return container.PruneAll(ctx, s, given) },
		func() (uint64, error) { return 0, network.PruneAll(ctx, s, given) },
	}
	if volumes {
		steps = append(steps, func() (uint64, error) { return volume.PruneAll(ctx, s, false, given) })
	}
	steps = append(steps,
		func() (uint64, error) { return image.PruneAll(ctx, s, all, given) },
		func() (uint64, error) {
			return build.PruneAll(ctx, s, client.BuildCachePruneOptions{All: all, Filters: given})
		})

	for _, step := range steps {
		bytes, err := step()
		if err != nil && !errdefs.IsNotImplemented(err) {
			return 0, err
		}
		freed += bytes
	}
	return freed, nil
}

// pruneWarning says what will be removed.
func pruneWarning(s *session.Session, all, volumes bool, given client.Filters) (string, error) {
	if _, until := given["until"]; until && volumes {
		return "", errors.New(`ERROR: The "until" filter is not supported with "--volumes"`)
	}
	lines := []string{
		"WARNING! This will remove:",
		"  - all stopped containers",
		"  - all networks not used by at least one container",
	}
	if volumes {
		lines = append(lines, "  - all anonymous volumes not used by at least one container")
	}
	if all {
		lines = append(lines, "  - all images without at least one container associated to them", "  - all build cache")
	} else {
		lines = append(lines, "  - all dangling images", "  - unused build cache")
	}
	lines = append(lines, "")
	filters, err := s.PruneFilters(given)
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
	return strings.Join(lines, "\n") + "\n", nil
}
