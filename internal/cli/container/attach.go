package container

import (
	"context"
	"errors"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
	"tug/internal/cli/stdio"
)

type attachOptions struct {
	noStdin    bool
	sigProxy   bool
	detachKeys string
}

// Attach gives the attach command.
func Attach(s *session.Session) *cobra.Command {
	var o attachOptions
	cmd := &cobra.Command{
		Use:                   "attach [OPTIONS] CONTAINER",
		Short:                 "Attach local standard input, output, and error streams to a running container",
		Args:                  session.ExactArgs(1),
		Annotations:           map[string]string{"aliases": "tug container attach, tug attach"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.attach(cmd.Context(), s, args[0])
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.noStdin, "no-stdin", false, "Do not attach STDIN")
	flags.BoolVar(&o.sigProxy, "sig-proxy", true, "Proxy all received signals to the process")
	flags.StringVar(&o.detachKeys, "detach-keys", "", "Override the key sequence for detaching a container")
	return cmd
}

func (o *attachOptions) attach(ctx context.Context, s *session.Session, ref string) error {
	keys, err := detachKeys(s, o.detachKeys)
	if err != nil {
		return err
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	c, err := attachable(ctx, api, ref)
	if err != nil {
		return err
	}
	if err := s.In.CheckTty(!o.noStdin, c.Config.Tty); err != nil {
		return err
	}
	waitCtx, stopWaiting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWaiting()
	exit := wait{api.ContainerWait(waitCtx, c.ID, client.ContainerWaitOptions{})}

	wanted := client.ContainerAttachOptions{
		Stream: true,
		Stdin:  !o.noStdin && c.Config.OpenStdin, Stdout: true, Stderr: true,
		DetachKeys: keys,
	}
	if o.sigProxy && !c.Config.Tty {
		defer stdio.ForwardSignals(ctx, killer(api, c.ID))()
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	attached, err := api.ContainerAttach(ctx, c.ID, wanted)
	if err != nil {
		return err
	}
	defer attached.Close()
	// It may have ended between the look and the attaching, which then would wait for ever.
	if _, err := attachable(ctx, api, c.ID); err != nil {
		return err
	}
	if c.Config.Tty {
		redraw(ctx, s, api, c.ID)
		stdio.FollowSize(ctx, s.Out, s.Err, resizeContainer(api, c.ID))
	}
	err = pipeOf(s, attached.HijackedResponse, c.Config.Tty, wanted).Run(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	end := exit.await(waitCtx)
	if connection.Gone(end.err) {
		return connection.ErrGone
	}
	return end.status(s)
}

// attachable inspects a container, and refuses one that there is nothing to attach to.
func attachable(ctx context.Context, api *connection.Client, ref string) (*container.InspectResponse, error) {
	c, err := find(ctx, api, ref)
	if err != nil {
		return nil, err
	}
	switch {
	case !c.State.Running:
		return nil, errors.New("cannot attach to a stopped container, start it first")
	case c.State.Paused:
		return nil, errors.New("cannot attach to a paused container, unpause it first")
	case c.State.Restarting:
		return nil, errors.New("cannot attach to a restarting container, wait until it is running")
	}
	return c, nil
}

// redraw makes the program in the container's terminal paint its screen, by a size that is wrong for a
// moment: a terminal that has its size already would change nothing.
func redraw(ctx context.Context, s *session.Session, api *connection.Client, id string) {
	if !s.Out.IsTerminal() {
		return
	}
	height, width := s.Out.GetTtySize()
	_ = resizeContainer(api, id)(ctx, height+1, width+1)
}
