package system

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// DialStdio gives the hidden command by which another machine's tug reaches this one's daemon over ssh: it
// joins the standard streams to the daemon's socket.
func DialStdio(s *session.Session) *cobra.Command {
	return &cobra.Command{
		Use:                   "dial-stdio",
		Short:                 "Join the standard streams to the daemon's connection; not for people",
		Args:                  session.NoArgs,
		Hidden:                true,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return joinDaemon(cmd.Context(), s) },
	}
}

// joinDaemon returns when the daemon has closed its side.
func joinDaemon(ctx context.Context, s *session.Session) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	conn, err := api.Dial(ctx)
	if err != nil {
		return fmt.Errorf("failed to open the raw stream connection: %w", err)
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, s.In)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	_, err = io.Copy(s.Out, conn)
	return err
}
