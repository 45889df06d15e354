// Package build hands builds over to tug-build, the program that has a builder's client in it: what that
// links would make every other command start slower.
package build

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

const program = "tug-build"

// Build gives the build command.
func Build(s *session.Session) *cobra.Command {
	cmd := handOver(s, "build", "Build an image from a Dockerfile", "build")
	cmd.Use = "build [OPTIONS] PATH | URL | -"
	cmd.Annotations = map[string]string{"category-top": "4", "aliases": "tug image build, tug build, tug builder build"}
	return cmd
}

// Buildx gives the buildx command.
func Buildx(s *session.Session) *cobra.Command {
	return handOver(s, "buildx", "Build with BuildKit")
}

// Bake gives the bake command.
func Bake(s *session.Session) *cobra.Command { return handOver(s, "bake", "Build from a file", "bake") }

// Compose gives the compose command.
func Compose(s *session.Session) *cobra.Command {
	return handOver(s, "compose", "Define and run multi-container applications", "compose")
}

// handOver is a command that becomes tug-build with the given words before the person's.
func handOver(s *session.Session, name, short string, words ...string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Short:              short,
		DisableFlagParsing: true, // they are tug-build's
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := find()
			if err != nil {
				return err
			}
			host, tls, err := s.Daemon()
			if err != nil {
				return err
			}
			env, err := environment(os.Environ(), host, tls)
			if err != nil {
				return err
			}
			return become(path, append(append([]string{program}, words...), args...), env)
		},
	}
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
