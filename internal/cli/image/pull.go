package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/docker/cli/cli/streams"
	"github.com/moby/moby/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"tug/internal/cli/progress"
	"tug/internal/cli/registry"
	"tug/internal/cli/session"
)

// Pull gives the pull command.
func Pull(s *session.Session) *cobra.Command {
	var all, quiet bool
	var platform string
	cmd := &cobra.Command{
		Use:   "pull [OPTIONS] NAME[:TAG|@DIGEST]",
		Short: "Download an image from a registry",
		Args:  session.ExactArgs(1),
		Annotations: map[string]string{
			"category-top": "5",
			"aliases":      "tug image pull, tug pull",
		},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			named, err := reference.ParseNormalizedNamed(args[0])
			if err != nil {
				return err
			}
			switch {
			case all && !reference.IsNameOnly(named):
				return errors.New("tag can't be used with --all-tags/-a")
			case !all && reference.IsNameOnly(named):
				named = reference.TagNameOnly(named)
				if tagged, ok := named.(reference.Tagged); ok && !quiet {
					_, _ = fmt.Fprintf(s.Out, "Using default tag: %s\n", tagged.Tag())
				}
			}
			out := s.Out
			if quiet {
				out = nil
			}
			if err := Fetch(cmd.Context(), s, reference.FamiliarString(named), platform, all, out); err != nil {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, named.String())
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&all, "all-tags", "a", false, "Download all tagged images in the repository")
	flags.BoolVarP(&quiet, "quiet", "q", false, "Suppress verbose output")
	platformFlag(s, flags, &platform, "Set platform if server is multi-platform capable")
	return cmd
}

// Fetch has the daemon pull name, with the person's credentials for its registry, and shows the progress
// on out, or nothing if out is nil.
func Fetch(ctx context.Context, s *session.Session, name, platform string, allTags bool, out *streams.Out) error {
	wanted, err := parsePlatforms(platform)
	if err != nil {
		return err
	}
	auth, err := registry.EncodedAuth(ctx, s, name)
	if err != nil {
		return err
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	stream, err := api.ImagePull(ctx, name, client.ImagePullOptions{All: allTags, RegistryAuth: auth, Platforms: wanted})
	if err != nil {
		return err
	}
	defer stream.Close()
	if out == nil {
		return progress.Wait(ctx, stream, nil)
	}
	return progress.Pull(ctx, stream, out)
}

// parsePlatforms reads the value of --platform; "" is none.
func parsePlatforms(values ...string) ([]ocispec.Platform, error) {
	var all []ocispec.Platform
	for _, value := range values {
		if value == "" {
			continue
		}
		p, err := platforms.Parse(value)
		if err != nil {
			return nil, fmt.Errorf("error parsing specified platform: %w", err)
		}
		all = append(all, p)
	}
	return all, nil
}
