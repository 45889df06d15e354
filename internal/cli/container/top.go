package container

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Top gives the top command.
func Top(s *session.Session) *cobra.Command {
	cmd := &cobra.Command{
		Use:                   "top CONTAINER [ps OPTIONS]",
		Short:                 "Display the running processes of a container",
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": "tug container top, tug top"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			list, err := api.ContainerTop(cmd.Context(), args[0], client.ContainerTopOptions{Arguments: args[1:]})
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(s.Out, 20, 1, 3, ' ', 0)
			_, _ = fmt.Fprintln(table, strings.Join(list.Titles, "\t"))
			for _, process := range list.Processes {
				_, _ = fmt.Fprintln(table, strings.Join(process, "\t"))
			}
			return table.Flush()
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}
