package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// engine is one of those that are measured: its command line and, if it has one, its daemon.
type engine struct {
	name     string
	cli      []string // what comes before run, exec, ...
	daemon   []string // nil if there is none
	socket   string   // the daemon's
	registry string   // what an image from the archive is called: this and its name
	work     string

	process *exec.Cmd
	log     *os.File
	version string
}

// known are the engines that this program can measure, each with all that it owns below work.
func known(bin, work string) []*engine {
	tugSocket, dockerSocket := work+"/tug.sock", work+"/docker.sock"
	return []*engine{
		{
			name: "tug", work: work, socket: tugSocket,
			cli: []string{filepath.Join(bin, "tug"), "-H", "unix://" + tugSocket},
			daemon: []string{
				filepath.Join(bin, "tugd"), "-H", "unix://" + tugSocket, "--data-root", work + "/tug", "--exec-root", work + "/tug-run",
				"--pidfile", work + "/tug.pid", "--bridge", "tugbench0", "--cgroup-parent", "/tug-bench-tug",
			},
		},
		{
			name: "docker", work: work, socket: dockerSocket,
			cli: []string{"/usr/bin/docker", "-H", "unix://" + dockerSocket},
			daemon: []string{
				"/usr/sbin/dockerd", "-H", "unix://" + dockerSocket, "--data-root", work + "/docker", "--exec-root", work + "/docker-run",
				"--pidfile", work + "/docker.pid", "--config-file", work + "/no-docker.json", "--cgroup-parent", "/tug-bench-docker",
			},
		},
		{
			name: "podman", work: work, registry: "localhost/",
			cli: []string{
				"/usr/bin/podman", "--root", work + "/podman", "--runroot", work + "/podman-run", "--tmpdir", work + "/podman-tmp",
				"--cgroup-manager", "cgroupfs", "--events-backend", "none",
				"--runtime", "runc", // crun, where it is there, refuses hosts with both versions of cgroups
			},
		},
	}
}

func (e *engine) image(name string) string { return e.registry + name }

// command is the command line of the engine's `args`.
func (e *engine) command(args ...string) []string {
	return append(e.cli[:len(e.cli):len(e.cli)], args...)
}

// prepare starts the engine, gives it the images, and, if that is wanted, starts the container `idle`, in which exec is timed.
func (e *engine) prepare(ctx context.Context, images string, idle bool) error {
	if err := e.start(ctx); err != nil {
		return err
	}
	if _, err := output(ctx, e.command("load", "-i", images)); err != nil {
		return err
	}
	format := "{{.Server.Version}}"
	if e.daemon == nil {
		format = "{{.Client.Version}}"
	}
	version, err := output(ctx, e.command("version", "--format", format))
	if err != nil {
		return err
	}
	e.version = strings.TrimSpace(version)
	if !idle {
		return nil
	}
	return e.idle(ctx)
}

func (e *engine) idle(ctx context.Context) error {
	_, err := output(ctx, e.command("run", "-d", "--name", "idle", e.image("busybox"), "sleep", "100000"))
	return err
}

// start starts the daemon and returns when it answers.
func (e *engine) start(ctx context.Context) error {
	if e.daemon == nil {
		return nil
	}
	log, err := os.Create(filepath.Join(e.work, e.name+".log"))
	if err != nil {
		return err
	}
	e.log = log
	e.process = exec.Command(e.daemon[0], e.daemon[1:]...)
	e.process.Stdout, e.process.Stderr = log, log
	if err := e.process.Start(); err != nil {
		return fmt.Errorf("start %s's daemon: %w", e.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ping := e.command("version")
	for {
		_, err := output(ctx, ping)
		if err == nil {
			return nil
		}
		var exited syscall.WaitStatus
		if pid, _ := syscall.Wait4(e.process.Process.Pid, &exited, syscall.WNOHANG, nil); pid > 0 || ctx.Err() != nil {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s's daemon does not answer: %w\n%s", e.name, err, said)
		}
		time.Sleep(time.Millisecond)
	}
}

// stop ends the daemon and returns when it has ended.
func (e *engine) stop() {
	if e.process == nil {
		return
	}
	_ = e.process.Process.Signal(syscall.SIGTERM)
	_ = e.process.Wait()
	e.process = nil
	_ = e.log.Close()
}

// output runs a command to its end and returns its standard output.
func output(ctx context.Context, argv []string) (string, error) {
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(argv, " "), err)
	}
	return string(out), nil
}
