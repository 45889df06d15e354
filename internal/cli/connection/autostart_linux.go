package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// startPatience is how long a daemon that was just started may take to listen. It has to read its
// state and to find its containers again first.
const startPatience = 30 * time.Second

// autostart gives a function that starts tugd in the background and returns when it listens on
// host's socket; nil if this user could not run it.
func autostart(host Host) func(context.Context) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return func(ctx context.Context) error {
		program, err := findDaemon()
		if err != nil {
			return unreachable(host, err)
		}
		logPath := filepath.Join("/var/log", "tugd.log")
		log, err := openLog(&logPath, filepath.Dir(host.Socket()))
		if err != nil {
			return err
		}
		defer log.Close()

		exited, err := launch(program, log)
		if err != nil {
			return fmt.Errorf("start the daemon: %w", err)
		}
		if err := awaitSocket(ctx, host.Socket(), exited); err != nil {
			return fmt.Errorf("started %s, but it does not listen on %s: %w; see %s", program, host.Socket(), err, logPath)
		}
		return nil
	}
}

// findDaemon looks for tugd beside this program, then in PATH.
func findDaemon() (string, error) {
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		beside := filepath.Join(filepath.Dir(self), "tugd")
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return beside, nil
		}
	}
	program, err := exec.LookPath("tugd")
	if err != nil {
		return "", errors.New("nothing listens there, and tugd is neither beside tug nor in PATH")
	}
	return program, nil
}

// openLog opens *path for appending, or, where that folder cannot be written, a file of the same
// name in fallback; *path says which.
func openLog(path *string, fallback string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	f, err := os.OpenFile(*path, flags, 0o640)
	if err == nil {
		return f, nil
	}
	if err := os.MkdirAll(fallback, 0o710); err != nil {
		return nil, err
	}
	*path = filepath.Join(fallback, filepath.Base(*path))
	return os.OpenFile(*path, flags, 0o640)
}

// launch starts program in a session of its own, so that it survives this terminal, with its output
// in log. The channel is closed, after its error was sent, when it ends.
func launch(program string, log *os.File) (<-chan error, error) {
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() {
		defer close(exited)
		exited <- cmd.Wait()
	}()
	return exited, nil
}

// awaitSocket returns when somebody listens on the unix socket at path. A daemon that finds another
// one in its place exits; so an exit is an error only if nobody listens afterwards either.
func awaitSocket(ctx context.Context, path string, exited <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for {
		conn, err := net.Dial("unix", path)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up after %s", startPatience)
		case exit, running := <-exited:
			if conn, err := net.Dial("unix", path); err == nil {
				return conn.Close()
			}
			if exit != nil || !running {
				return fmt.Errorf("it ended (%w)", errors.Join(exit))
			}
			return errors.New("it ended")
		case <-pause.C:
		}
	}
}
