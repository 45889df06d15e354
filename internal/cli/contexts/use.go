package contexts

import (
	"strconv"

	"github.com/docker/cli/cli/context/store"
	"github.com/spf13/cobra"

	"tug/internal/cli/contextstore"
	"tug/internal/cli/session"
)

// Use gives the `context use` command.
func Use(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "use CONTEXT",
		Short:                 "Set the default tug context",
		Args:                  cobra.ExactArgs(1),
		DisableFlagsInUseLine: true,
		RunE:                  func(_ *cobra.Command, args []string) error { return use(s, args[0]) },
	}
}

// use makes a context the one that is meant where nothing names another.
func use(s *session.Session, name string) error {
	kept := ""
	if name != contextstore.DefaultName {
		if err := store.ValidateContextName(name); err != nil {
			return err
		}
		if _, err := s.Contexts().GetMetadata(name); err != nil {
			return err
		}
		kept = name
	}
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	if err := cfg.SetCurrentContext(kept); err != nil {
		return err
	}
	tellDone(s, "Current context is now", name)
	if kept != "" {
		warnOfVariable(s, strconv.Quote(name))
	}
	return nil
}
