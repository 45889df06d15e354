package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// atOnce bounds how many containers a command works on at the same time.
const atOnce = 50

// operation does something to one container.
type operation func(ctx context.Context, api *connection.Client, ref string) error

// each does op to the containers, many at the same time, and prints the names of those it was done to, in
// the order given. The errors are returned together.
func each(ctx context.Context, s *session.Session, refs []string, op operation) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	results := make([]chan error, len(refs))
	for i := range results {
		results[i] = make(chan error, 1)
	}
	go func() {
		free := make(chan struct{}, atOnce)
		for i, ref := range refs {
			free <- struct{}{}
			go func() {
				results[i] <- op(ctx, api, ref)
				<-free
			}()
		}
	}()
	var errs []error
	for i, ref := range refs {
		switch err := <-results[i]; {
		case errors.Is(err, errPassOver):
		case err != nil:
			errs = append(errs, err)
		default:
			_, _ = fmt.Fprintln(s.Out, ref)
		}
	}
	return errors.Join(errs...)
}

// errPassOver is returned by an operation for a container about which nothing is to be said.
var errPassOver = errors.New("passed over")

// onEach is a command that does op to each of its arguments.
func onEach(s *session.Session, use, short, aliases string, op operation) *cobra.Command {
	return &cobra.Command{
		Use:                   use,
		Short:                 short,
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": aliases},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return each(cmd.Context(), s, args, op)
		},
	}
}
