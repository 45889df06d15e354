package contexts

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tug/internal/cli/contextstore"
	"tug/internal/cli/session"
)

// Remove gives the `context rm` command.
func Remove(s *session.Session) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:                   "rm CONTEXT [CONTEXT...]",
		Aliases:               []string{"remove"},
		Short:                 "Remove one or more contexts",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, names []string) error {
			current, err := s.ContextName()
			if err != nil {
				return err
			}
			var errs []error
			for _, name := range names {
				if err := remove(s, name, name == current, force); err != nil {
					errs = append(errs, err)
					continue
				}
				_, _ = fmt.Fprintln(s.Out, name)
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "Force the removal of a context in use")
	return cmd
}

// remove forgets a context, and that it was chosen. The one in use goes only by force; by force, one that is not
// there is no error.
func remove(s *session.Session, name string, inUse, force bool) error {
	contexts := s.Contexts()
	switch {
	case name == contextstore.DefaultName:
		return fmt.Errorf("context %q cannot be removed", name)
	case inUse && !force:
		return fmt.Errorf("context %q is in use, set -f flag to force remove", name)
	case !force && !contexts.Exists(name):
		return fmt.Errorf("context %q does not exist", name)
	}
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	if cfg.CurrentContext() == name {
		if err := cfg.SetCurrentContext(""); err != nil {
			return err
		}
	}
	return contexts.Remove(name)
}
