package container

import (
	"errors"
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Commit gives the commit command.
func Commit(s *session.Session) *cobra.Command {
	var o client.ContainerCommitOptions
	var pause bool
	changes := opts.NewListOpts(nil)
	cmd := &cobra.Command{
		Use:                   "commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
		Short:                 "Create a new image from a container's changes",
		Args:                  session.RangeArgs(1, 2),
		Annotations:           map[string]string{"aliases": "tug container commit, tug commit"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("pause") {
				if cmd.Flags().Changed("no-pause") {
					return errors.New("conflicting options: --no-pause and --pause cannot be used together")
				}
				o.NoPause = !pause
			}
			if len(args) > 1 {
				o.Reference = args[1]
			}
			o.Changes = changes.GetSlice()
			api, err := s.API()
			if err != nil {
				return err
			}
			committed, err := api.ContainerCommit(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(s.Out, committed.ID)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.BoolVarP(&pause, "pause", "p", true, "Pause container during commit (deprecated: use --no-pause instead)")
	_ = flags.MarkDeprecated("pause", "and enabled by default. Use --no-pause to disable pausing during commit.")
	flags.BoolVar(&o.NoPause, "no-pause", false, "Disable pausing container during commit")
	flags.StringVarP(&o.Comment, "message", "m", "", "Commit message")
	flags.StringVarP(&o.Author, "author", "a", "", `Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")`)
	flags.VarP(&changes, "change", "c", "Apply Dockerfile instruction to the created image")
	return cmd
}
