package main

import (
	"bytes"
	"context"
	"os/exec"
	"syscall"

	"github.com/creack/pty"
)

// onTerminal runs the command at a terminal of 80 by 24, types what is to be typed when what it waits for has been seen,
// and returns when the command has ended.
func onTerminal(ctx context.Context, cmd *exec.Cmd, typed []typed) (seen, error) {
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		return seen{}, err
	}
	defer terminal.Close()

	screen := make(chan []byte)
	go func() { // ends when the command's side of the terminal is closed
		defer close(screen)
		for {
			chunk := make([]byte, 4096)
			n, err := terminal.Read(chunk)
			if n > 0 {
				screen <- chunk[:n]
			}
			if err != nil {
				return
			}
		}
	}()

	var all []byte
	from := 0 // what was waited for has been seen up to here
	for chunk := range screen {
		all = append(all, chunk...)
		for len(typed) > 0 {
			at := bytes.Index(all[from:], []byte(typed[0].After))
			if at < 0 {
				break
			}
			from += at + len(typed[0].After)
			if _, err := terminal.WriteString(typed[0].Type); err != nil {
				break
			}
			typed = typed[1:]
		}
	}
	exit, err := exitCode(ctx, cmd.Wait())
	return seen{Exit: exit, Stdout: string(all)}, err
}
