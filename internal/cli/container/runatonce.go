package container

import (
	"context"
	"errors"
	"fmt"
	"io"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/cli/connection"
	"tug/internal/cli/creation"
	"tug/internal/cli/session"
	"tug/internal/cli/stdio"
)

// runAtOnce creates and starts the container in one round trip, and, unless it is detached, stays with it to its end.
// It is for containers without a terminal. Errors: connection.ErrNoRun if the daemon knows no such call; nothing is made
// then.
func (o *runOptions) runAtOnce(ctx context.Context, s *session.Session, r *creation.Request) error {
	want := connection.Run{
		Name: o.name, Platform: o.platform, Body: r.Body(),
		Stdin: r.Config.AttachStdin, Stdout: r.Config.AttachStdout, Stderr: r.Config.AttachStderr,
	}
	want.Detach = !want.Stdin && !want.Stdout && !want.Stderr
	var running *connection.Running
	id, err := o.makeBy(ctx, s, r, func(ctx context.Context, api *connection.Client, _ *ocispec.Platform) (string, []string, error) {
		run, err := api.Run(ctx, want)
		if run == nil {
			return "", nil, err
		}
		running = run
		return run.ID, run.Warnings, err
	})
	if errors.Is(err, connection.ErrNoRun) {
		return err
	}
	if want.Detach && id != "" {
		_, _ = fmt.Fprintln(s.Out, id)
	}
	if err != nil {
		return runError(err)
	}
	if want.Detach {
		return nil
	}
	defer running.Close()
	if o.sigProxy {
		api, err := s.API()
		if err != nil {
			return runError(err)
		}
		defer stdio.ForwardSignals(ctx, killer(api, id))()
	}
	return o.stay(s, running, want)
}

// stay copies the streams until the container ends, whose exit code becomes the program's.
func (o *runOptions) stay(s *session.Session, running *connection.Running, want connection.Run) error {
	if want.Stdin {
		go func() {
			_, _ = io.Copy(running, s.In) // to a container that has ended there is nothing to say
			_ = running.CloseWrite()
		}()
	}
	code, err := running.Output(s.Out, s.Err)
	if err != nil {
		return runError(err)
	}
	return exitCode{code: code}.status(s)
}
