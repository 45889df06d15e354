package image

import (
	"bytes"
	"context"

	"github.com/moby/moby/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/inspect"
	"tug/internal/cli/session"
)

// Inspect gives the `image inspect` command.
func Inspect(s *session.Session) *cobra.Command {
	var format, platform string
	cmd := &cobra.Command{
		Use:                   "inspect [OPTIONS] IMAGE [IMAGE...]",
		Short:                 "Display detailed information on one or more images",
		Args:                  session.MinArgs(1),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := parsePlatforms(platform)
			if err != nil {
				return err
			}
			var only *ocispec.Platform
			if len(wanted) > 0 {
				only = &wanted[0]
			}
			api, err := s.API()
			if err != nil {
				return err
			}
			return inspect.Show(s.Out, args, format, func(ref string) (inspect.Object, error) {
				return Find(cmd.Context(), api, ref, only)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	flags.StringVar(&platform, "platform", "", `Inspect a specific platform of the multi-platform image.
If the image or the server is not multi-platform capable, the command will error out if the platform does not match.
'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)`)
	return cmd
}

// Find asks for an image; for one platform of it, if only is not nil.
func Find(ctx context.Context, api *connection.Client, ref string, only *ocispec.Platform) (inspect.Object, error) {
	var raw bytes.Buffer
	options := []client.ImageInspectOption{client.ImageInspectWithRawResponse(&raw)}
	if only != nil {
		options = append(options, client.ImageInspectWithPlatform(only))
	}
	found, err := api.ImageInspect(ctx, ref, options...)
	if err != nil {
		return inspect.Object{}, err
	}
	return inspect.Object{Value: found, Raw: raw.Bytes()}, nil
}
