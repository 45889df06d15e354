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
	return autostartLogging(host, "/var/log")
}

// autostartLogging is autostart with the daemon's output in a file below logs, or, where that cannot
// be, beside the socket.
func autostartLogging(host Host, logs string) func(context.Context) error {
	return func(ctx context.Context) error {
		program, err := findDaemon()
		if err != nil {
			return unreachable(host, err)
		}
		log, err := openLog("tugd.log", logs, filepath.Dir(host.Socket()))
		if err != nil {
			return fmt.Errorf("start the daemon: %w", err)
		}
		defer log.Close()

		exited, err := launch(program, log)
		if err != nil {
			return fmt.Errorf("start the daemon: %w", err)
		}
		if err := awaitSocket(ctx, host.Socket(), exited); err != nil {
			return fmt.Errorf("started %s, but it does not listen on %s: %w; see %s", program, host.Socket(), err, log.Name())
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

// openLog opens a file of that name for appending in the first of the folders in which that works.
func openLog(name string, folders ...string) (f *os.File, err error) {
	for _, folder := range folders {
		if err = os.MkdirAll(folder, 0o710); err != nil {
			continue
		}
		f, err = os.OpenFile(filepath.Join(folder, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
		if err == nil {
			return f, nil
		}
	}
	return nil, err
}

// launch starts program in a session of its own, so that it survives this terminal, with its output
// in log. The channel receives its end.
func launch(program string, log *os.File) (<-chan error, error) {
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
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
		case exit := <-exited:
			if conn, err := net.Dial("unix", path); err == nil {
				return conn.Close()
			}
			if exit == nil {
				return errors.New("it ended")
			}
			return fmt.Errorf("it ended (%w)", exit)
		case <-pause.C:
		}
	}
}
