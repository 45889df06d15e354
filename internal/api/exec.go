package api

import (
	"errors"
	"net/http"

	moby "github.com/moby/moby/api/types/container"
	"tug/internal/engine"
	"tug/internal/frame"
)

// execCreate records a process to be started in a running container.
func execCreate(c *call) error {
	var in struct {
		moby.ExecCreateRequest
		Cmd words
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if len(in.Cmd) == 0 {
		return invalid("No exec command specified")
	}
	config := engine.ExecConfig{
		User:         in.User,
		WorkingDir:   in.WorkingDir,
		DetachKeys:   in.DetachKeys,
		Privileged:   in.Privileged,
		Tty:          in.Tty,
		AttachStdin:  in.AttachStdin,
		AttachStdout: in.AttachStdout,
		AttachStderr: in.AttachStderr,
		Env:          in.Env,
		Cmd:          in.Cmd,
	}
	if !c.before(42) {
		config.ConsoleSize = in.ConsoleSize
	}
	id, err := c.engine.ExecCreate(c.ctx(), c.id(), config)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, moby.ExecCreateResponse{ID: id})
}

// execStart starts such a process and, unless it is detached, joins the client to its standard streams.
func execStart(c *call) error {
	var in moby.ExecStartRequest
	if err := c.body(&in); err != nil {
		return err
	}
	o := engine.ExecStartOptions{Detach: in.Detach, Tty: in.Tty}
	if in.Tty && !c.before(42) {
		o.ConsoleSize = in.ConsoleSize
	}
	session, err := c.engine.ExecStart(c.ctx(), c.id(), o)
	var failed *engine.StartError
	switch {
	case errors.As(err, &failed) && !in.Detach:
		return c.tellInStream(err, in.Tty)
	case err != nil:
		return err
	case in.Detach:
		c.w.WriteHeader(http.StatusOK)
		return nil
	}
	return c.serve(session)
}

// tellInStream gives an error as the output of the process that could not be started: there clients of the API look for it, and take
// the exit code from an inspection.
func (c *call) tellInStream(err error, tty bool) error {
	stream, hijackErr := c.hijack(tty)
	if hijackErr != nil {
		return hijackErr
	}
	_, words := describe(err)
	text := []byte(words + "\r\n")
	if !tty {
		text = frame.Append(nil, frame.Stdout, text)
	}
	stream.awaitHead()
	_, _ = stream.Write(text) // a client that went does not care
	stream.linger()
	return nil
}

// execResize sets the size of the process's terminal, in characters.
func execResize(c *call) error {
	height, err := c.side("h", "height")
	if err != nil {
		return err
	}
	width, err := c.side("w", "width")
	if err != nil {
		return err
	}
	return c.engine.ExecResize(c.ctx(), c.id(), height, width)
}

// execInspect answers with what is known of the process; its exit code is null until it has ended.
func execInspect(c *call) error {
	s, err := c.engine.ExecInspect(c.ctx(), c.id())
	if err != nil {
		return err
	}
	out := moby.ExecInspectResponse{
		ID:          s.ID,
		Running:     s.Running,
		ExitCode:    s.ExitCode,
		OpenStdin:   s.Config.AttachStdin,
		OpenStderr:  s.Config.AttachStderr,
		OpenStdout:  s.Config.AttachStdout,
		CanRemove:   s.CanRemove,
		ContainerID: s.ContainerID,
		DetachKeys:  []byte(s.Config.DetachKeys),
		Pid:         s.Pid,
		ProcessConfig: &moby.ExecProcessConfig{
			Tty:        s.Config.Tty,
			Arguments:  []string{},
			Privileged: &s.Config.Privileged,
			User:       s.Config.User,
		},
	}
	if cmd := s.Config.Cmd; len(cmd) > 0 {
		out.ProcessConfig.Entrypoint, out.ProcessConfig.Arguments = cmd[0], cmd[1:]
	}
	return c.json(http.StatusOK, out)
}
