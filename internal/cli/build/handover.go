package build

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

const program = "tug-build"

// handOver is a command that becomes tug-build with the global options and the given words before the person's.
func handOver(s *session.Session, name, short string, words ...string) *cobra.Command {
	words = slices.Clip(words)
	as := func(args []string) error {
		path, err := find()
		if err != nil {
			return err
		}
		return become(path, slices.Concat([]string{program}, s.Global.Arguments(), words, args), os.Environ())
	}
	cmd := &cobra.Command{
		Use:                name,
		Short:              short,
		DisableFlagParsing: true, // they are tug-build's
		RunE:               func(_ *cobra.Command, args []string) error { return as(args) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			return complete(s, append(append(words, args...), begun))
		},
	}
	cmd.SetHelpFunc(func(*cobra.Command, []string) {
		if err := as([]string{"--help"}); err != nil {
			_, _ = fmt.Fprintln(s.Err, err)
		}
	})
	return cmd
}

// find looks for tug-build beside this program, then in PATH.
func find() (string, error) {
	name := program
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		beside := filepath.Join(filepath.Dir(self), name)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("tug: builds need %s, which is neither beside tug nor in PATH: install it from the same release", program)
	}
	return path, nil
}

// exitStatus makes a child's exit code the program's.
func exitStatus(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return session.Status{Code: exit.ExitCode()}
	}
	return err
}
