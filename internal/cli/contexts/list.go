package contexts

import (
	"slices"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/fvbommel/sortorder"
	"github.com/spf13/cobra"

	"tug/internal/cli/contextstore"
	"tug/internal/cli/session"
)

// List gives the `context ls` command.
func List(s *session.Session) *cobra.Command {
	var format string
	var quiet bool
	cmd := &cobra.Command{
		Use:                   "ls [OPTIONS]",
		Aliases:               []string{"list"},
		Short:                 "List contexts",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, _ []string) error {
			if format == "" {
				format = formatter.TableFormatKey
			}
			return list(s, formatter.NewClientContextFormat(format, quiet))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&format, "format", "", session.FormatHelp)
	flags.BoolVarP(&quiet, "quiet", "q", false, "Only show context names")
	return cmd
}

func list(s *session.Session, format formatter.Format) error {
	current, err := s.ContextName()
	if err != nil {
		return err
	}
	contexts := s.Contexts()
	found, err := contexts.List()
	if err != nil {
		return err
	}
	var rows []*formatter.ClientContext
	for _, context := range found {
		rows = append(rows, row(context, current))
	}
	if !slices.ContainsFunc(rows, func(r *formatter.ClientContext) bool { return r.Current }) {
		missing := &formatter.ClientContext{Name: current, Current: true}
		if _, err := contexts.GetMetadata(current); err != nil {
			missing.Error = err.Error()
		}
		rows = append(rows, missing)
	}
	slices.SortFunc(rows, func(a, b *formatter.ClientContext) int { return sortorder.NaturalCompare(a.Name, b.Name) })
	if err := formatter.ClientContextWrite(formatter.Context{Output: s.Out, Format: format}, rows); err != nil {
		return err
	}
	warnOfVariable(s, "a context")
	return nil
}

// row is a context in the list; one that cannot be used has the reason in it.
func row(context store.Metadata, current string) *formatter.ClientContext {
	r := &formatter.ClientContext{Name: context.Name, Current: context.Name == current}
	about, err := contextstore.Describe(context)
	if err != nil {
		r.Error = err.Error()
		return r
	}
	r.Description = about.Description
	daemon, err := docker.EndpointFromContext(context)
	if err != nil {
		r.Error = err.Error()
	}
	r.DockerEndpoint = daemon.Host
	return r
}
