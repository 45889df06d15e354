package main

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// patience is how long a step may take; one that takes longer is killed, and that is what is seen of it.
const patience = 40 * time.Second

// seen is what a person sees of a step: a terminal's output is all in Stdout.
type seen struct {
	Exit           int
	Stdout, Stderr string
}

// timedOut is the exit code that a step gets that had to be killed, as timeout(1) gives it.
const timedOut = 124

func (s step) run(ctx context.Context, dir string, env []string) (seen, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", s.Command)
	cmd.Dir, cmd.Env = dir, env
	cmd.WaitDelay = time.Second
	if s.Tty {
		return onTerminal(ctx, cmd, s.Typed)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	exit, err := exitCode(ctx, cmd.Run())
	return seen{exit, stdout.String(), stderr.String()}, err
}

// exitCode is how a command ended as the shell tells it; an error is a fault of this program.
func exitCode(ctx context.Context, err error) (int, error) {
	exit := new(exec.ExitError)
	switch {
	case ctx.Err() != nil:
		return timedOut, nil
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return 0, nil
	case errors.As(err, &exit):
		if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
			return 128 + int(status.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	return 0, err
}

// environment is what steps find: docker on PATH is the world's command line, and speaks to the world's engine.
func environment(w world) []string {
	return []string{
		"PATH=" + w.alias() + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"DOCKER_HOST=" + w.host(), "TUG_HOST=" + w.host(), "HOME=" + w.home(), "TERM=xterm", "LANG=C.UTF-8",
		"DOCKER_CLI_HINTS=false",
	}
}
