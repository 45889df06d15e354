package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/client"
	"github.com/moby/term"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/creation"
	"tug/internal/cli/session"
	"tug/internal/cli/stdio"
)

// runOptions are those of `run` that `create` lacks.
type runOptions struct {
	newContainer
	detach     bool
	sigProxy   bool
	detachKeys string
}

// Run gives the run command.
func Run(s *session.Session) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [OPTIONS] IMAGE [COMMAND] [ARG...]",
		Short: "Create and run a new container from an image",
		Args:  session.MinArgs(1),
		Annotations: map[string]string{
			"category-top": "1",
			"aliases":      "tug container run, tug run",
		},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := o.request(s, cmd.Flags(), args)
			if err != nil {
				return optionError(err, "run")
			}
			if o.dryRun {
				return runError(o.plan(cmd.Context(), s, request))
			}
			return misplaced(o.run(cmd.Context(), s, request), "run", "the image", args[1:])
		},
	}
	flags := cmd.Flags()
	o.register(s, cmd, "Pull image before running")
	flags.BoolVarP(&o.detach, "detach", "d", false, "Run container in background and print container ID")
	flags.BoolVar(&o.sigProxy, "sig-proxy", true, "Proxy received signals to the process")
	flags.StringVar(&o.detachKeys, "detach-keys", "", "Override the key sequence for detaching a container")
	return cmd
}

// run creates the container, starts it, and, unless it is detached, stays with it to its end.
func (o *runOptions) run(ctx context.Context, s *session.Session, r *creation.Request) error {
	keys, err := o.settleStreams(s, r)
	if err != nil {
		return err
	}
	if !r.Config.Tty && !o.apiMount {
		if err := o.runAtOnce(ctx, s, r); !errors.Is(err, connection.ErrNoRun) {
			return err
		}
	}
	id, err := o.make(ctx, s, r)
	if err != nil {
		return runError(err)
	}
	api, err := s.API()
	if err != nil {
		return runError(err)
	}
	if o.sigProxy {
		defer stdio.ForwardSignals(ctx, killer(api, id))()
	}
	// From here on a signal is the container's to judge: it does not cut the streams.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()

	if !r.Config.AttachStdin && !r.Config.AttachStdout && !r.Config.AttachStderr {
		return o.startDetached(ctx, s, api, id)
	}
	return follow(ctx, s, api, following{
		id:         id,
		config:     r.Config,
		autoRemove: r.HostConfig.AutoRemove,
		attach: client.ContainerAttachOptions{
			Stream: true,
			Stdin:  r.Config.AttachStdin, Stdout: r.Config.AttachStdout, Stderr: r.Config.AttachStderr,
			DetachKeys: keys,
		},
		explain: runError,
	})
}

// settleStreams checks that the terminal can do what is asked, takes the streams off a detached container,
// and gives the keys that detach.
func (o *runOptions) settleStreams(s *session.Session, r *creation.Request) (keys string, err error) {
	if o.detach {
		if o.options.Attaches() {
			return "", errors.New("conflicting options: cannot specify both --attach and --detach")
		}
		r.Config.AttachStdin, r.Config.AttachStdout, r.Config.AttachStderr = false, false, false
		r.Config.StdinOnce = false
	} else if err := s.In.CheckTty(r.Config.AttachStdin, r.Config.Tty); err != nil {
		return "", err
	}
	return detachKeys(s, o.detachKeys)
}

// startDetached starts the container and prints its ID.
func (o *runOptions) startDetached(ctx context.Context, s *session.Session, api *connection.Client, id string) error {
	_, err := api.ContainerStart(ctx, id, client.ContainerStartOptions{})
	if err != nil {
		if o.options.AutoRemove() {
			awaitRemoval(ctx, api, id)
		}
		_, _ = fmt.Fprintln(s.Out, id)
		return runError(err)
	}
	_, _ = fmt.Fprintln(s.Out, id)
	return nil
}

// detachKeys are the keys given on the command line, or else the configured ones.
func detachKeys(s *session.Session, flag string) (string, error) {
	if flag != "" {
		return flag, stdio.CheckDetachKeys(flag)
	}
	cfg, err := s.Config()
	if err != nil {
		return "", err
	}
	return cfg.DetachKeys(), stdio.CheckDetachKeys(cfg.DetachKeys())
}

// killer sends signals to a container.
func killer(api *connection.Client, id string) func(context.Context, string) error {
	return func(ctx context.Context, name string) error {
		_, err := api.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: name})
		return err
	}
}

// isDetach says whether err is the person's wish to detach.
func isDetach(err error) bool {
	var escape term.EscapeError
	return errors.As(err, &escape)
}
