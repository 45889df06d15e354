package contexts

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Import gives the `context import` command.
func Import(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "import CONTEXT FILE|-",
		Short:                 "Import a context from a tar or zip file",
		Args:                  session.ExactArgs(2),
		DisableFlagsInUseLine: true,
		RunE:                  func(_ *cobra.Command, args []string) error { return importFrom(s, args[0], args[1]) },
	}
}

func importFrom(s *session.Session, name, path string) error {
	contexts := s.Contexts()
	if err := contexts.MustBeNew(name); err != nil {
		return err
	}
	var archive io.Reader = s.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		archive = f
	}
	if err := contexts.Import(name, archive); err != nil {
		return err
	}
	tellDone(s, "Successfully imported context", name)
	return nil
}
