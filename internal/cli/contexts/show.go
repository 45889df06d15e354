package contexts

import (
	"fmt"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Show gives the `context show` command.
func Show(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "show",
		Short:                 "Print the name of the current context",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, _ []string) error {
			name, err := s.ContextName()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.Out, name)
			return err
		},
	}
}
