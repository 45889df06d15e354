package container

import (
	"context"
	"errors"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// ending are the options of what ends a container: with which signal, and how long it may take.
type ending struct {
	signal  string
	seconds int
	given   func() bool
}

func (e *ending) register(flags *pflag.FlagSet, waitUsage string) {
	flags.StringVarP(&e.signal, "signal", "s", "", "Signal to send to the container")
	flags.IntVarP(&e.seconds, "timeout", "t", 0, waitUsage)
	flags.IntVar(&e.seconds, "time", 0, waitUsage+" (deprecated: use --timeout)")
	_ = flags.MarkDeprecated("time", "use --timeout instead")
	e.given = func() bool { return flags.Changed("timeout") || flags.Changed("time") }
}

// timeout is nil if the container's own holds.
func (e *ending) timeout() *int {
	if !e.given() {
		return nil
	}
	return &e.seconds
}

// oneTimeout refuses both spellings of the same option.
func oneTimeout(cmd *cobra.Command, args []string) error {
	if cmd.Flags().Changed("time") && cmd.Flags().Changed("timeout") {
		return errors.New("conflicting options: cannot specify both --timeout and --time")
	}
	return session.MinArgs(1)(cmd, args)
}

// Stop gives the stop command.
func Stop(s *session.Session) *cobra.Command {
	var e ending
	cmd := onEach(s, "stop [OPTIONS] CONTAINER [CONTAINER...]", "Stop one or more running containers",
		"tug container stop, tug stop",
		func(ctx context.Context, api *connection.Client, ref string) error {
			_, err := api.ContainerStop(ctx, ref, client.ContainerStopOptions{Signal: e.signal, Timeout: e.timeout()})
			return err
		})
	cmd.Args = oneTimeout
	e.register(cmd.Flags(), "Seconds to wait before killing the container")
	return cmd
}
