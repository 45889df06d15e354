// Package initd is the first process of a container that was started with --init: it starts the program, passes
// signals on to it, reaps orphans, and ends as the program ends.
package initd

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Main runs the command (after an optional "--") and gives the exit code: the program's own, 128 and the signal that
// killed it, 127 if there is no such program, or 126 if it cannot be started.
func Main(args []string) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "docker-init: no command to start")
		return 1
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		fmt.Fprintf(os.Stderr, "docker-init: %v\n", err)
		return 127
	}
	signals := make(chan os.Signal, 64)
	signal.Notify(signals)
	attr := &syscall.ProcAttr{Files: []uintptr{0, 1, 2}, Env: os.Environ(), Sys: &syscall.SysProcAttr{Setpgid: true, Foreground: isTerminal(0), Ctty: 0}}
	pid, err := syscall.ForkExec(path, args, attr)
	if err != nil {
		fmt.Fprintf(os.Stderr, "docker-init: exec %s: %v\n", path, err)
		return 126
	}
	for s := range signals {
		switch s {
		case unix.SIGCHLD:
			if code, ended := reap(pid); ended {
				return code
			}
		case unix.SIGURG, unix.SIGTTIN, unix.SIGTTOU: // the runtime's own, and the terminal's word to us alone
		default:
			syscall.Kill(pid, s.(syscall.Signal))
		}
	}
	return 1
}

// reap waits for all children that have ended, and tells whether the program was among them.
func reap(pid int) (code int, ended bool) {
	for {
		var ws syscall.WaitStatus
		got, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if got <= 0 || err != nil {
			return code, ended
		}
		if got == pid {
			code, ended = ws.ExitStatus(), true
			if ws.Signaled() {
				code = 128 + int(ws.Signal())
			}
		}
	}
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
