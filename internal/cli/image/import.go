package image

import (
	"context"
	"os"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/progress"
	"tug/internal/cli/session"
)

type importOptions struct {
	changes  opts.ListOpts
	message  string
	platform string
}

// Import gives the import command.
func Import(s *session.Session) *cobra.Command {
	o := importOptions{changes: opts.NewListOpts(nil)}
	cmd := &cobra.Command{
		Use:                   "import [OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
		Short:                 "Import the contents from a tarball to create a filesystem image",
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": "tug image import, tug import"},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), s, args) },
	}
	flags := cmd.Flags()
	flags.VarP(&o.changes, "change", "c", "Apply Dockerfile instruction to the created image")
	flags.StringVarP(&o.message, "message", "m", "", "Set commit message for imported image")
	platformFlag(s, flags, &o.platform, "Set platform if server is multi-platform capable")
	return cmd
}

func (o *importOptions) run(ctx context.Context, s *session.Session, args []string) error {
	options := client.ImageImportOptions{Message: o.message, Changes: o.changes.GetSlice()}
	wanted, err := parsePlatforms(o.platform)
	if err != nil {
		return err
	}
	if len(wanted) > 0 {
		options.Platform = wanted[0]
	}
	name := ""
	if len(args) > 1 {
		name = args[1]
	}
	source := client.ImageImportSource{SourceName: args[0]} // a URL is the daemon's to fetch
	switch {
	case args[0] == "-":
		source.Source = s.In
	case !strings.HasPrefix(args[0], "http://") && !strings.HasPrefix(args[0], "https://"):
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		source = client.ImageImportSource{Source: file, SourceName: "-"}
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	stream, err := api.ImageImport(ctx, source, name, options)
	if err != nil {
		return err
	}
	defer stream.Close()
	return progress.Show(ctx, stream, s.Out, nil)
}
