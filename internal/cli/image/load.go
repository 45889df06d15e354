package image

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/moby/moby/client"
	"github.com/moby/sys/sequential"
	"github.com/spf13/cobra"

	"tug/internal/cli/progress"
	"tug/internal/cli/session"
)

type loadOptions struct {
	input     string
	quiet     bool
	platforms []string
}

// Load gives the load command.
func Load(s *session.Session) *cobra.Command {
	var o loadOptions
	cmd := &cobra.Command{
		Use:                   "load [OPTIONS]",
		Short:                 "Load an image from a tar archive or STDIN",
		Args:                  session.NoArgs,
		Annotations:           map[string]string{"aliases": "tug image load, tug load"},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return o.load(cmd.Context(), s) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.input, "input", "i", "", "Read from tar archive file, instead of STDIN")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Suppress the load output")
	flags.StringSliceVar(&o.platforms, "platform", []string{}, `Load only the given platform(s). Formatted as a comma-separated list of "os[/arch[/variant]]" (e.g., "linux/amd64,linux/arm64/v8").`)
	return cmd
}

func (o *loadOptions) load(ctx context.Context, s *session.Session) error {
	var input io.Reader = s.In
	if o.input != "" {
		file, err := sequential.Open(o.input)
		if err != nil {
			return err
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a directory: load reads an archive, a file such as 'tug save -o' writes", o.input)
		}
		input = file
	} else if s.In.IsTerminal() {
		return errors.New("requested load from stdin, but stdin is empty")
	}
	wanted, err := parsePlatforms(o.platforms...)
	if err != nil {
		return err
	}
	var options []client.ImageLoadOption
	if o.quiet || !s.Out.IsTerminal() {
		options = append(options, client.ImageLoadWithQuiet(true))
	}
	if len(wanted) > 0 {
		options = append(options, client.ImageLoadWithPlatforms(wanted...))
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	stream, err := api.ImageLoad(ctx, input, options...)
	if err != nil {
		return err
	}
	defer stream.Close()
	return progress.Show(ctx, stream, s.Out, nil)
}
