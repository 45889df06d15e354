package buildx

import (
	"errors"
	"io"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/docker/buildx/commands"
	buildxversion "github.com/docker/buildx/version"
	"github.com/docker/cli/cli/command"
	"github.com/moby/buildkit/util/stack"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.opentelemetry.io/otel"

	"tug/internal/cli/session"

	// The drivers register themselves, and so does the encoding of what is said to BuildKit.
	_ "github.com/docker/buildx/driver/cloud"
	_ "github.com/docker/buildx/driver/docker"
	_ "github.com/docker/buildx/driver/docker-container"
	_ "github.com/docker/buildx/driver/kubernetes"
	_ "github.com/docker/buildx/driver/remote"
	_ "github.com/moby/buildkit/util/grpcutil/encoding/proto"
)

// Main runs the command line args (with the program's name first) and returns the exit code.
func Main(args []string, in io.ReadCloser, out, errOut io.Writer, getenv func(string) string, version session.Version) int {
	nameLibrary()
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) // it would write among the progress that nobody takes the traces
	s := session.New(in, out, errOut, getenv, version)
	docker, err := command.NewDockerCli(command.WithInputStream(in), command.WithOutputStream(out), command.WithErrorStream(errOut),
		command.WithUserAgent("tug-build/"+version.Number))
	if err != nil {
		return showFailure(errOut, err)
	}
	if strings.HasPrefix(filepath.Base(args[0]), "docker-") {
		return showFailure(errOut, runForDocker(docker))
	}
	d := &daemon{session: s, docker: docker}
	defer d.close()
	root, err := newRoot(d, args[1:])
	if err == nil {
		err = root.Execute()
	}
	return showFailure(errOut, err)
}

// newRoot gives the command that args (global options first, then what follows "tug") ask for.
func newRoot(d *daemon, args []string) (*cobra.Command, error) {
	flags := pflag.NewFlagSet("tug-build", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {}
	d.session.RegisterGlobal(flags)
	if err := flags.Parse(args); err != nil && !errors.Is(err, pflag.ErrHelp) {
		return nil, err
	}
	if show, _ := flags.GetBool("version"); show {
		return nil, session.Status{Err: errors.New("tug-build " + d.session.Version.Number + ": see tug buildx version")}
	}
	name, words := commandOf(flags.Args())
	if name == "compose" {
		return nil, session.Status{Code: 1, Err: errors.New("tug: compose is not in this version: docker compose works with tug's daemon (DOCKER_HOST=unix:///run/tug/tugd.sock)")}
	}
	root := commands.NewRootCmd("tug", false, d.docker)
	fit(root, name, d)
	root.SetArgs(words)
	return root, nil
}

// commandOf gives what the root command is called, and the words below it. Words that ask for completions begin with a command of
// cobra's own.
func commandOf(words []string) (name string, rest []string) {
	if len(words) > 0 && words[0] == cobra.ShellCompRequestCmd {
		name, rest = commandOf(words[1:])
		return name, append([]string{cobra.ShellCompRequestCmd}, rest...)
	}
	if len(words) > 0 && words[0] == "buildx" {
		return "tug buildx", words[1:]
	}
	if len(words) > 0 && words[0] == "compose" {
		return "compose", nil
	}
	return "tug", words
}

// nameLibrary tells buildx its own version, which its programs are told by the linker.
func nameLibrary() {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, module := range info.Deps {
		if module.Path == buildxversion.Package {
			buildxversion.Version = module.Version
		}
	}
	stack.SetVersionInfo(buildxversion.Version, buildxversion.Revision)
}
