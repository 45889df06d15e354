package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/auxprogress"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/progress"
	"tug/internal/cli/registry"
	"tug/internal/cli/session"
)

type pushOptions struct {
	all      bool
	quiet    bool
	platform string
}

// Push gives the push command.
func Push(s *session.Session) *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "push [OPTIONS] NAME[:TAG]",
		Short: "Upload an image to a registry",
		Args:  session.ExactArgs(1),
		Annotations: map[string]string{
			"category-top": "6",
			"aliases":      "tug image push, tug push",
		},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.push(cmd.Context(), s, args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.all, "all-tags", "a", false, "Push all tags of an image to the repository")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Suppress verbose output")
	flags.Bool("disable-content-trust", true, "Skip image verification (deprecated)")
	_ = flags.MarkDeprecated("disable-content-trust", "support for docker content trust was removed")
	flags.StringVar(&o.platform, "platform", "", `Push a platform-specific manifest as a single-platform image to the registry.
Image index won't be pushed, meaning that other manifests, including attestations won't be preserved.
'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)`)
	return cmd
}

func (o *pushOptions) push(ctx context.Context, s *session.Session, name string) error {
	wanted, err := parsePlatforms(o.platform)
	if err != nil {
		return err
	}
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return err
	}
	switch {
	case o.all && !reference.IsNameOnly(named):
		return errors.New("tag can't be used with --all-tags/-a")
	case !o.all && reference.IsNameOnly(named):
		named = reference.TagNameOnly(named)
		if tagged, ok := named.(reference.Tagged); ok && !o.quiet {
			_, _ = fmt.Fprintln(s.Out, "Using default tag:", tagged.Tag())
		}
	}
	auth, err := registry.EncodedAuth(ctx, s, named.String())
	if err != nil {
		return err
	}
	options := client.ImagePushOptions{All: o.all, RegistryAuth: auth}
	if len(wanted) > 0 {
		options.Platform = &wanted[0]
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	stream, err := api.ImagePush(ctx, reference.FamiliarString(named), options)
	if err != nil {
		return err
	}
	defer stream.Close()

	var notes []string
	note := func(m jsonstream.Message) {
		if text := pushNote(m); text != "" {
			notes = append(notes, text)
		}
	}
	if o.quiet {
		err = progress.Wait(ctx, stream, note)
	} else {
		err = progress.Show(ctx, stream, s.Out, note)
	}
	if err == nil && o.quiet {
		_, _ = fmt.Fprintln(s.Out, named.String())
	}
	for _, text := range notes {
		_, _ = fmt.Fprintf(s.Out, "\nInfo → %s\n", text)
	}
	return err
}

// pushNote is what a person should know about what was pushed; "" if nothing.
func pushNote(m jsonstream.Message) string {
	if m.Aux == nil {
		return ""
	}
	var single auxprogress.ManifestPushedInsteadOfIndex
	if json.Unmarshal(*m.Aux, &single) == nil && single.ManifestPushedInsteadOfIndex {
		return fmt.Sprintf("Not all multiplatform-content is present and only the available single-platform image was pushed\n%s -> %s",
			single.OriginalIndex.Digest, single.SelectedManifest.Digest)
	}
	var missing auxprogress.ContentMissing
	if json.Unmarshal(*m.Aux, &missing) == nil && missing.ContentMissing {
		return "The image is an index of several platforms, and not all of them are here or in the registry.\n" +
			"Pull what is missing and try again, or push one platform alone with --platform."
	}
	return ""
}
