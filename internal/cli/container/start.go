package container

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
	"tug/internal/cli/stdio"
)

type startOptions struct {
	attach     bool
	stdin      bool
	detachKeys string
	checkpoint client.ContainerStartOptions
}

// Start gives the start command.
func Start(s *session.Session) *cobra.Command {
	var o startOptions
	cmd := &cobra.Command{
		Use:                   "start [OPTIONS] CONTAINER [CONTAINER...]",
		Short:                 "Start one or more stopped containers",
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": "tug container start, tug start"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.attach || o.stdin:
				if len(args) > 1 {
					return errors.New("you cannot start and attach multiple containers at once")
				}
				return o.startAttached(cmd.Context(), s, args[0])
			case o.checkpoint.CheckpointID != "" && len(args) > 1:
				return errors.New("you cannot restore multiple containers at once")
			}
			return o.startAll(cmd.Context(), s, args)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.attach, "attach", "a", false, "Attach STDOUT/STDERR and forward signals")
	flags.BoolVarP(&o.stdin, "interactive", "i", false, "Attach container's STDIN")
	flags.StringVar(&o.detachKeys, "detach-keys", "", "Override the key sequence for detaching a container")
	flags.StringVar(&o.checkpoint.CheckpointID, "checkpoint", "", "Restore from this checkpoint")
	flags.StringVar(&o.checkpoint.CheckpointDir, "checkpoint-dir", "", "Use a custom checkpoint storage directory")
	return cmd
}

func (o *startOptions) startAttached(ctx context.Context, s *session.Session, ref string) error {
	keys, err := detachKeys(s, o.detachKeys)
	if err != nil {
		return err
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	c, err := find(ctx, api, ref)
	if err != nil {
		return err
	}
	if !c.Config.Tty {
		defer stdio.ForwardSignals(ctx, killer(api, c.ID))()
		ctx = context.WithoutCancel(ctx) // the container is told of the signal, and ends as it sees fit
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return follow(ctx, s, api, following{
		id:         c.ID,
		config:     c.Config,
		autoRemove: c.HostConfig.AutoRemove,
		start:      o.checkpoint,
		attach: client.ContainerAttachOptions{
			Stream: true,
			Stdin:  o.stdin && c.Config.OpenStdin, Stdout: true, Stderr: true,
			DetachKeys: keys,
		},
		explain: func(err error) error { return err },
	})
}

// startAll starts one container after the other and tells which could not be.
func (o *startOptions) startAll(ctx context.Context, s *session.Session, refs []string) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	var failed []string
	for _, ref := range refs {
		if _, err := api.ContainerStart(ctx, ref, o.checkpoint); err != nil {
			_, _ = fmt.Fprintln(s.Err, err)
			failed = append(failed, ref)
			continue
		}
		_, _ = fmt.Fprintln(s.Out, ref)
	}
	if len(failed) > 0 {
		return fmt.Errorf("failed to start containers: %s", strings.Join(failed, ", "))
	}
	return nil
}
