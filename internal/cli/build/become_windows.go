package build

import (
	"os"
	"os/exec"
)

// become runs another program in this one's place: Windows cannot replace a program.
func become(path string, args, env []string) error {
	cmd := exec.Command(path, args[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return exitStatus(cmd.Run())
}
