package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/cli/cli/streams"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
	"tug/internal/cli/stdio"
)

// following is a created container that is to be started and stayed with.
type following struct {
	id         string
	config     *container.Config
	autoRemove bool
	attach     client.ContainerAttachOptions
	start      client.ContainerStartOptions
	explain    func(error) error // makes an error of starting the command's own
}

// follow attaches to a container that does not run yet, starts it, copies its streams, and returns its exit
// code as a session.Status. Attaching and waiting are asked for at the same time, and both are in place
// before it is started, so that no output and no exit is missed.
func follow(ctx context.Context, s *session.Session, api *connection.Client, f following) error {
	streamCtx, cutStreams := context.WithCancel(ctx)
	defer cutStreams()

	exit := make(chan exitCode, 1)
	waiting := make(chan struct{})
	go func() {
		result := beginWait(ctx, api, f.id, f.autoRemove)
		close(waiting)
		exit <- result.await(ctx)
	}()
	attached, err := api.ContainerAttach(ctx, f.id, f.attach)
	if err != nil {
		return f.explain(err)
	}
	defer attached.Close()
	<-waiting

	ended := make(chan error, 1)
	go func() {
		pipe := pipeOf(s, attached.HijackedResponse, f.config.Tty, f.attach)
		ended <- pipe.Run(streamCtx)
	}()

	if _, err := api.ContainerStart(ctx, f.id, f.start); err != nil {
		cutStreams()
		<-ended // the terminal is restored
		if f.autoRemove {
			<-exit // gone when we return: its name can be used again
		}
		return f.explain(err)
	}
	if f.config.Tty {
		stdio.FollowSize(ctx, s.Out, s.Err, resizeContainer(api, f.id))
	}
	return awaitEnd(s, f, ended, exit, cutStreams)
}

// awaitEnd waits for the streams to end and the container's exit code.
func awaitEnd(s *session.Session, f following, ended <-chan error, exit <-chan exitCode, cutStreams func()) error {
	var code exitCode
	select {
	case err := <-ended:
		if isDetach(err) {
			return nil
		}
		if err != nil {
			return err
		}
		code = <-exit
	case code = <-exit:
		// The last output may still be on its way. Without output to wait for, only input is being copied.
		if !f.attach.Stdout && !f.attach.Stderr {
			cutStreams()
		}
		<-ended
	}
	return code.status(s)
}

// pipeOf joins the session's streams, as far as they were asked for, to a connection.
func pipeOf(s *session.Session, conn client.HijackedResponse, tty bool, wanted client.ContainerAttachOptions) *stdio.Pipe {
	pipe := &stdio.Pipe{Conn: conn, TTY: tty, DetachKeys: wanted.DetachKeys}
	if wanted.Stdin {
		pipe.In = s.In
	}
	if wanted.Stdout {
		pipe.Out = s.Out
	}
	if wanted.Stderr {
		pipe.Err = s.Err
	}
	if tty && (wanted.Stdout || wanted.Stderr) {
		pipe.Out, pipe.Err = s.Out, (*streams.Out)(nil)
	}
	return pipe
}

// resizeContainer sets the size of a container's terminal.
func resizeContainer(api *connection.Client, id string) stdio.Resize {
	return func(ctx context.Context, height, width uint) error {
		_, err := api.ContainerResize(ctx, id, client.ContainerResizeOptions{Height: height, Width: width})
		return err
	}
}

// exitCode is how a container ended, or why that cannot be known.
type exitCode struct {
	code int
	err  error
}

// status makes the container's exit code the program's.
func (e exitCode) status(s *session.Session) error {
	if e.err != nil && !errors.Is(e.err, context.Canceled) {
		if connection.Gone(e.err) {
			return session.Status{Code: exitFailed, Err: connection.ErrGone}
		}
		_, _ = fmt.Fprintln(s.Err, "error waiting for container:", e.err)
		return session.Status{Code: exitFailed}
	}
	if e.code != 0 {
		return session.Status{Code: e.code}
	}
	return nil
}

// wait is a wait request that the daemon has accepted.
type wait struct{ client.ContainerWaitResult }

// beginWait asks for the exit of a container that is yet to be started; for one that is removed when it
// ends, for its removal. It returns when the daemon watches.
func beginWait(ctx context.Context, api *connection.Client, id string, removed bool) wait {
	condition := container.WaitConditionNextExit
	if removed {
		condition = container.WaitConditionRemoved
	}
	return wait{api.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: condition})}
}

// await returns when the container has ended.
func (w wait) await(ctx context.Context) exitCode {
	select {
	case <-ctx.Done():
		return exitCode{err: ctx.Err()}
	case err := <-w.Error:
		return exitCode{err: err}
	case result := <-w.Result:
		if result.Error != nil {
			return exitCode{err: errors.New(result.Error.Message)}
		}
		return exitCode{code: int(result.StatusCode)}
	}
}

// awaitRemoval returns when a container that could not be started is gone.
func awaitRemoval(ctx context.Context, api *connection.Client, id string) {
	beginWait(ctx, api, id, true).await(ctx)
}
