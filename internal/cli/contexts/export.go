package contexts

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/docker/cli/cli/context/store"
	"github.com/spf13/cobra"

	"tug/internal/cli/contextstore"
	"tug/internal/cli/session"
)

// Export gives the `context export` command.
func Export(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "export [OPTIONS] CONTEXT [FILE|-]",
		Short:                 "Export a context to a tar archive FILE or a tar stream on STDOUT.",
		Args:                  session.RangeArgs(1, 2),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			path := args[0] + ".dockercontext"
			if len(args) == 2 {
				path = args[1]
			}
			return export(s, args[0], path)
		},
	}
}

// export writes a context, and with it the key to its daemon, to a file that did not exist, or to the output.
func export(s *session.Session, name, path string) error {
	if name != contextstore.DefaultName {
		if err := store.ValidateContextName(name); err != nil {
			return err
		}
	}
	archive, err := s.Contexts().Export(name)
	if err != nil {
		return err
	}
	defer archive.Close()
	if path == "-" {
		if s.Out.IsTerminal() {
			return errors.New("cowardly refusing to export to a terminal, specify a file path")
		}
		_, err := io.Copy(s.Out, archive)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, archive)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	_, _ = fmt.Fprintf(s.Err, "Written file %q\n", path)
	return nil
}
