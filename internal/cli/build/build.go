// Package build hands builds over to tug-build, the program that has a builder's client in it (package buildx): what that
// links would make every other command start slower.
package build

import (
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Build gives the build command.
func Build(s *session.Session) *cobra.Command {
	cmd := handOver(s, "build", "Build an image from a Dockerfile", "build")
	cmd.Use = "build [OPTIONS] PATH | URL | -"
	cmd.Annotations = map[string]string{"category-top": "4", "aliases": "tug image build, tug build, tug builder build"}
	return cmd
}

// Buildx gives the buildx command.
func Buildx(s *session.Session) *cobra.Command {
	return handOver(s, "buildx", "Build with BuildKit", "buildx")
}

// Bake gives the bake command.
func Bake(s *session.Session) *cobra.Command { return handOver(s, "bake", "Build from a file", "bake") }

// Compose gives the compose command.
func Compose(s *session.Session) *cobra.Command {
	return handOver(s, "compose", "Define and run multi-container applications", "compose")
}

// OfBuilder gives a command of buildx that is to be found below `tug builder` too.
func OfBuilder(name, short string) func(*session.Session) *cobra.Command {
	return func(s *session.Session) *cobra.Command { return handOver(s, name, short, "buildx", name) }
}
