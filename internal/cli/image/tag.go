package image

import (
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Tag gives the tag command.
func Tag(s *session.Session) *cobra.Command {
	cmd := &cobra.Command{
		Use:                   "tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
		Short:                 "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
		Args:                  session.ExactArgs(2),
		Annotations:           map[string]string{"aliases": "tug image tag, tug tag"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			_, err = api.ImageTag(cmd.Context(), client.ImageTagOptions{Source: args[0], Target: args[1]})
			return err
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}
