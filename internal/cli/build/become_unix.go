//go:build !windows

package build

import (
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// become replaces this program by another.
func become(path string, args, env []string) error {
	err := unix.Exec(path, args, env)
	if err == unix.ENOEXEC { // a script without a first line
		cmd := exec.Command(path, args[1:]...)
		cmd.Env = env
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return exitStatus(cmd.Run())
	}
	return err
}
