package image

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type saveOptions struct {
	output    string
	platforms []string
}

// Save gives the save command.
func Save(s *session.Session) *cobra.Command {
	var o saveOptions
	cmd := &cobra.Command{
		Use:                   "save [OPTIONS] IMAGE [IMAGE...]",
		Short:                 "Save one or more images to a tar archive (streamed to STDOUT by default)",
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": "tug image save, tug save"},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.save(cmd.Context(), s, args) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "", "Write to a file, instead of STDOUT")
	flags.StringSliceVar(&o.platforms, "platform", []string{}, `Save only the given platform(s). Formatted as a comma-separated list of "os[/arch[/variant]]" (e.g., "linux/amd64,linux/arm64/v8")`)
	return cmd
}

func (o *saveOptions) save(ctx context.Context, s *session.Session, images []string) error {
	wanted, err := parsePlatforms(o.platforms...)
	if err != nil {
		return err
	}
	var options []client.ImageSaveOption
	if len(wanted) > 0 {
		options = append(options, client.ImageSaveWithPlatforms(wanted...))
	}
	if o.output == "" && s.Out.IsTerminal() {
		return errors.New("cowardly refusing to save to a terminal. Use the -o flag or redirect")
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	stream, err := api.ImageSave(ctx, images, options...)
	if err != nil {
		return err
	}
	defer stream.Close()
	if o.output == "" {
		_, err = io.Copy(s.Out, stream)
		return err
	}
	err = session.WriteFile(o.output, func(file io.Writer) error {
		_, err := io.Copy(file, stream)
		return err
	})
	if err != nil {
		return fmt.Errorf("failed to save image: %w", err)
	}
	return nil
}
