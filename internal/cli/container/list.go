package container

import (
	"context"
	"fmt"
	"io"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/docker/cli/templates"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type listOptions struct {
	quiet   bool
	size    bool
	all     bool
	noTrunc bool
	latest  bool
	last    int
	format  string
	filter  opts.FilterOpt
}

// Ps gives the ps command.
func Ps(s *session.Session) *cobra.Command {
	o := listOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:        "ps [OPTIONS]",
		Short:      "List containers",
		SuggestFor: []string{"ls", "list", "status"},
		Args:       session.NoArgs,
		Annotations: map[string]string{
			"category-top": "3",
			"aliases":      "tug container ls, tug container list, tug container ps, tug ps",
		},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.list(cmd.Context(), s, cmd.Flags().Changed("size"))
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Only display container IDs")
	flags.BoolVarP(&o.size, "size", "s", false, "Display total file sizes")
	flags.BoolVarP(&o.all, "all", "a", false, "Show all containers (default shows just running)")
	flags.BoolVar(&o.noTrunc, "no-trunc", false, "Don't truncate output")
	flags.BoolVarP(&o.latest, "latest", "l", false, "Show the latest created container (includes all states)")
	flags.IntVarP(&o.last, "last", "n", -1, "Show n last created containers (includes all states)")
	flags.StringVar(&o.format, "format", "", session.FormatHelp)
	flags.VarP(&o.filter, "filter", "f", "Filter output based on conditions provided")
	return cmd
}

// List gives the same command as it is called below `container`.
func List(s *session.Session) *cobra.Command {
	cmd := Ps(s)
	cmd.Use = "ls [OPTIONS]"
	cmd.Aliases = []string{"ps", "list"}
	return cmd
}

func (o *listOptions) list(ctx context.Context, s *session.Session, sizeGiven bool) error {
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	if o.format != "" {
		uses, err := fieldsUsed(o.format)
		if err != nil {
			return err
		}
		// The sizes take long to find: they are asked for only if they are shown.
		if uses["Size"] && !o.quiet && !sizeGiven {
			o.size = true
		}
		if o.quiet {
			_, _ = fmt.Fprintln(s.Err, "WARNING: Ignoring custom format, because both --format and --quiet are set.")
		}
	} else {
		o.format = cfg.PsFormat()
	}
	if o.latest && o.last == -1 {
		o.last = 1
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	wanted := client.ContainerListOptions{All: o.all, Limit: o.last, Size: o.size, Filters: o.filter.Value()}
	if !o.size && (o.quiet || o.format == "" || o.format == formatter.TableFormatKey) {
		return o.listBriefly(ctx, s, api, wanted)
	}
	found, err := api.ContainerList(ctx, wanted)
	if err != nil {
		return err
	}
	return formatter.ContainerWrite(formatter.Context{
		Output: s.Out,
		Format: formatter.NewContainerFormat(o.format, o.quiet, o.size),
		Trunc:  !o.noTrunc,
	}, found.Items)
}

// fieldsUsed parses a format, and tells which fields of a container it shows.
func fieldsUsed(format string) (map[string]bool, error) {
	parsed, err := templates.Parse(format)
	if err != nil {
		return nil, fmt.Errorf("failed to parse template: %w", err)
	}
	probe := formatter.NewContainerContext()
	if err := parsed.Execute(io.Discard, probe); err != nil {
		return nil, fmt.Errorf("failed to execute template: %w", err)
	}
	used := make(map[string]bool)
	for field := range probe.FieldsUsed {
		used[field] = true
	}
	return used, nil
}
