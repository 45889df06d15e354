package container

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Export gives the export command.
func Export(s *session.Session) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:                   "export [OPTIONS] CONTAINER",
		Short:                 "Export a container's filesystem as a tar archive",
		Args:                  session.ExactArgs(1),
		Annotations:           map[string]string{"aliases": "tug container export, tug export"},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return export(cmd.Context(), s, args[0], output) },
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "Write to a file, instead of STDOUT")
	return cmd
}

func export(ctx context.Context, s *session.Session, ref, output string) error {
	if output == "" && s.Out.IsTerminal() {
		return errors.New("cowardly refusing to save to a terminal. Use the -o flag or redirect")
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	archive, err := api.ContainerExport(ctx, ref, client.ContainerExportOptions{})
	if err != nil {
		return err
	}
	defer archive.Close()
	if output == "" {
		_, err = io.Copy(s.Out, archive)
		return err
	}
	err = session.WriteFile(output, func(file io.Writer) error {
		_, err := io.Copy(file, archive)
		return err
	})
	if err != nil {
		return fmt.Errorf("failed to export container: %w", err)
	}
	return nil
}
