// Package prune is what the commands have in common that remove the unused of a kind: the question, the filters,
// and how they tell what went.
package prune

import (
	"context"
	"fmt"
	"io"

	"github.com/docker/cli/opts"
	"github.com/docker/go-units"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/prompt"
	"tug/internal/cli/session"
)

// Command describes a prune command.
type Command struct {
	Short  string
	All    string // what --all is for; "" if there is none
	Filter string // an example of a filter

	// Warning says what will go, or why that cannot be.
	Warning func(all bool, given client.Filters) (string, error)
	// Remove does it, tells what went, and gives the bytes freed.
	Remove func(ctx context.Context, all bool, given client.Filters) (freed uint64, err error)
	// TellsNoSpace is set where what goes takes none.
	TellsNoSpace bool
}

// Build gives the command, with its flags --force, --filter and perhaps --all.
func (c Command) Build(s *session.Session) *cobra.Command {
	var force, all bool
	filter := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use:                   "prune [OPTIONS]",
		Short:                 c.Short,
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			warning, err := c.Warning(all, filter.Value())
			if err != nil {
				return err
			}
			const question = "Are you sure you want to continue?"
			if err := prompt.ConfirmOr(cmd.Context(), force, s.In, s.Out, warning+question); err != nil {
				return err
			}
			freed, err := c.Remove(cmd.Context(), all, filter.Value())
			if err != nil || c.TellsNoSpace {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, "Total reclaimed space:", units.HumanSize(float64(freed)))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&force, "force", "f", false, "Do not prompt for confirmation")
	if c.All != "" {
		flags.BoolVarP(&all, "all", "a", false, c.All)
	}
	flags.Var(&filter, "filter", `Provide filter values (e.g. "`+c.Filter+`")`)
	return cmd
}

// Always is a Warning that is the same whatever is given.
func Always(warning string) func(bool, client.Filters) (string, error) {
	return func(bool, client.Filters) (string, error) { return warning, nil }
}

// Either is a Warning that depends on --all.
func Either(some, all string) func(bool, client.Filters) (string, error) {
	return func(everything bool, _ client.Filters) (string, error) {
		if everything {
			return all, nil
		}
		return some, nil
	}
}

// Begin gives the connection on which something is removed, and the filters: the person's configured ones and
// those given.
func Begin(s *session.Session, given client.Filters) (*connection.Client, client.Filters, error) {
	filters, err := s.PruneFilters(given)
	if err != nil {
		return nil, nil, err
	}
	api, err := s.API()
	return api, filters, err
}

// Tell lists what was removed below a title; nothing if nothing was.
func Tell(out io.Writer, title string, removed []string) {
	if len(removed) == 0 {
		return
	}
	_, _ = fmt.Fprintln(out, title)
	for _, name := range removed {
		_, _ = fmt.Fprintln(out, name)
	}
	_, _ = fmt.Fprintln(out)
}
