package container

import (
	"context"
	"errors"
	"time"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
	"tug/internal/cli/stdio"
)

type execOptions struct {
	create      client.ExecCreateOptions
	interactive bool
	detach      bool
	env         opts.ListOpts
	envFiles    opts.ListOpts
}

// Exec gives the exec command.
func Exec(s *session.Session) *cobra.Command {
	o := execOptions{env: opts.NewListOpts(opts.ValidateEnv), envFiles: opts.NewListOpts(nil)}
	cmd := &cobra.Command{
		Use:        "exec [OPTIONS] CONTAINER COMMAND [ARG...]",
		Short:      "Execute a command in a running container",
		SuggestFor: []string{"shell", "sh", "bash", "ssh", "enter"},
		Args:       session.MinArgs(2),
		Annotations: map[string]string{
			"category-top": "2",
			"aliases":      "tug container exec, tug exec",
		},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.create.Cmd = args[1:]
			return misplaced(o.exec(cmd.Context(), s, args[0]), "exec", "the container", args[1:])
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.StringVar(&o.create.DetachKeys, "detach-keys", "", "Override the key sequence for detaching a container")
	flags.BoolVarP(&o.interactive, "interactive", "i", false, "Keep STDIN open even if not attached")
	flags.BoolVarP(&o.create.TTY, "tty", "t", false, "Allocate a pseudo-TTY")
	flags.BoolVarP(&o.detach, "detach", "d", false, "Detached mode: run command in the background")
	flags.StringVarP(&o.create.User, "user", "u", "", `Username or UID (format: "<name|uid>[:<group|gid>]")`)
	flags.BoolVar(&o.create.Privileged, "privileged", false, "Give extended privileges to the command")
	flags.VarP(&o.env, "env", "e", "Set environment variables")
	flags.Var(&o.envFiles, "env-file", "Read in a file of environment variables")
	flags.StringVarP(&o.create.WorkingDir, "workdir", "w", "", "Working directory inside the container")
	return cmd
}

func (o *execOptions) exec(ctx context.Context, s *session.Session, ref string) (err error) {
	if o.create.Env, err = opts.ReadKVEnvStrings(o.envFiles.GetSlice(), o.env.GetSlice()); err != nil {
		return err
	}
	if o.create.DetachKeys, err = detachKeys(s, o.create.DetachKeys); err != nil {
		return err
	}
	if !o.detach {
		o.create.AttachStdin, o.create.AttachStdout, o.create.AttachStderr = o.interactive, true, true
	}
	if o.create.TTY {
		height, width := s.Out.GetTtySize()
		o.create.ConsoleSize = client.ConsoleSize{Height: height, Width: width}
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	if err := s.In.CheckTty(o.create.AttachStdin, o.create.TTY); err != nil {
		// That there is no such container is the better thing to say.
		if _, absent := api.ContainerInspect(ctx, ref, client.ContainerInspectOptions{}); absent != nil {
			return absent
		}
		return err
	}
	created, err := api.ExecCreate(ctx, ref, o.create)
	if err != nil {
		return err
	}
	if created.ID == "" {
		return errors.New("exec ID empty")
	}
	if o.detach {
		_, err := api.ExecStart(ctx, created.ID, client.ExecStartOptions{Detach: true, TTY: o.create.TTY, ConsoleSize: o.create.ConsoleSize})
		return err
	}
	return o.follow(ctx, s, api, created.ID)
}

// follow starts the process, stays with it to its end, and makes its exit code the program's.
func (o *execOptions) follow(ctx context.Context, s *session.Session, api *connection.Client, id string) error {
	attached, err := api.ExecAttach(ctx, id, client.ExecAttachOptions{TTY: o.create.TTY, ConsoleSize: o.create.ConsoleSize})
	if err != nil {
		return err
	}
	defer attached.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.create.TTY && s.In.IsTerminal() {
		stdio.FollowSize(ctx, s.Out, s.Err, func(ctx context.Context, height, width uint) error {
			_, err := api.ExecResize(ctx, id, client.ExecResizeOptions{Height: height, Width: width})
			return err
		})
	}
	pipe := pipeOf(s, attached.HijackedResponse, o.create.TTY, client.ContainerAttachOptions{
		Stdin: o.create.AttachStdin, Stdout: true, Stderr: true, DetachKeys: o.create.DetachKeys,
	})
	if err := pipe.Run(ctx); err != nil {
		return err
	}
	return execStatus(ctx, api, id)
}

// execStatus makes the exit code of a process whose output has ended the program's. The process itself may
// still be about to end, or have closed its output long before: it is waited for.
func execStatus(ctx context.Context, api *connection.Client, id string) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		result, err := api.ExecInspect(ctx, id, client.ExecInspectOptions{})
		if connection.Gone(err) || client.IsErrConnectionFailed(err) { // it answered a moment ago
			return session.Status{Code: 255, Err: connection.ErrGone}
		}
		if err != nil {
			return err
		}
		if !result.Running {
			if result.ExitCode != 0 {
				return session.Status{Code: result.ExitCode}
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
