package image

import (
	"context"
	"fmt"
	"slices"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type listOptions struct {
	quiet   bool
	all     bool
	noTrunc bool
	digests bool
	tree    bool
	format  string
	filter  opts.FilterOpt
}

// Images gives the images command.
func Images(s *session.Session) *cobra.Command {
	o := listOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:   "images [OPTIONS] [REPOSITORY[:TAG]]",
		Short: "List images",
		Args:  session.MaxArgs(1),
		Annotations: map[string]string{
			"category-top": "7",
			"aliases":      "tug image ls, tug image list, tug images",
		},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.list(cmd.Context(), s, args, cmd.CalledAs() == "images")
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Only show image IDs")
	flags.BoolVarP(&o.all, "all", "a", false, "Show all images (default hides intermediate and dangling images)")
	flags.BoolVar(&o.noTrunc, "no-trunc", false, "Don't truncate output")
	flags.BoolVar(&o.digests, "digests", false, "Show digests")
	flags.BoolVar(&o.tree, "tree", false, "List multi-platform images as a tree")
	flags.StringVar(&o.format, "format", "", session.FormatHelp)
	flags.VarP(&o.filter, "filter", "f", "Filter output based on conditions provided")
	return cmd
}

// List gives the same command as it is called below `image`.
func List(s *session.Session) *cobra.Command {
	cmd := Images(s)
	cmd.Use = "ls [OPTIONS] [REPOSITORY[:TAG]]"
	cmd.Aliases = []string{"list"}
	return cmd
}

func (o *listOptions) list(ctx context.Context, s *session.Session, args []string, hint bool) error {
	if err := o.checkTree(); err != nil {
		return err
	}
	filters := o.filter.Value()
	if len(args) > 0 {
		filters.Add("reference", args[0])
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	found, err := api.ImageList(ctx, client.ImageListOptions{All: o.all, Filters: filters, Manifests: o.tree})
	if err != nil {
		return err
	}
	images := found.Items
	if asked, given := filters["dangling"]; !o.all && (!given || asked["false"]) {
		images = slices.DeleteFunc(images, isDangling)
	}
	if o.tree {
		return writeTree(s.Out, images)
	}
	format := o.format
	if format == "" {
		cfg, err := s.Config()
		if err != nil {
			return err
		}
		format = formatter.TableFormatKey
		if configured := cfg.ImagesFormat(); configured != "" && !o.quiet {
			format = configured
		}
	}
	err = formatter.ImageWrite(formatter.ImageContext{
		Context: formatter.Context{
			Output: s.Out,
			Format: formatter.NewImageFormat(format, o.quiet, o.digests),
			Trunc:  !o.noTrunc,
		},
		Digest: o.digests,
	}, images)
	if err == nil && len(images) == 0 && hint && len(args) > 0 && isSubcommand(args[0]) {
		_, _ = fmt.Fprintf(s.Err, "No images found matching %q: did you mean \"tug image %[1]s\"?\n", args[0])
	}
	return err
}

// checkTree refuses what the tree cannot show.
func (o *listOptions) checkTree() error {
	if !o.tree {
		return nil
	}
	for _, other := range []struct {
		flag  string
		given bool
	}{{"--quiet", o.quiet}, {"--no-trunc", o.noTrunc}, {"--show-digest", o.digests}, {"--format", o.format != ""}} {
		if other.given {
			return fmt.Errorf("%s is not yet supported with --tree", other.flag)
		}
	}
	return nil
}

// isDangling says whether nothing names the image.
func isDangling(i image.Summary) bool {
	if len(i.RepoTags) == 0 {
		return true
	}
	return len(i.RepoTags) == 1 && i.RepoTags[0] == "<none>:<none>" && len(i.RepoDigests) == 1 && i.RepoDigests[0] == "<none>@<none>"
}

// isSubcommand says whether a person who typed `images word` may have meant `image word`.
func isSubcommand(word string) bool {
	return slices.Contains([]string{
		"build", "history", "import", "inspect", "list", "load", "ls", "prune", "pull", "push", "rm", "save", "tag",
	}, word)
}
