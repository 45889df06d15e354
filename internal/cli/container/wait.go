package container

import (
	"errors"
	"fmt"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Wait gives the wait command.
func Wait(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "wait CONTAINER [CONTAINER...]",
		Short:                 "Block until one or more containers stop, then print their exit codes",
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": "tug container wait, tug wait"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			var errs []error
			for _, ref := range args {
				waiting := api.ContainerWait(cmd.Context(), ref, client.ContainerWaitOptions{})
				select {
				case result := <-waiting.Result:
					_, _ = fmt.Fprintln(s.Out, result.StatusCode)
				case err := <-waiting.Error:
					errs = append(errs, err)
				}
			}
			return errors.Join(errs...)
		},
	}
}
