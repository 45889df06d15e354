package buildx

import (
	"slices"

	"github.com/docker/cli/cli/debug"
	"github.com/moby/buildkit/util/appcontext"
	"github.com/spf13/cobra"

	"tug/internal/cli/help"
	"tug/internal/cli/session"
)

// fit makes buildx's root command one of tug's of that name: before each command it prepares the daemon, and what does not fit into
// tug is taken out.
func fit(root *cobra.Command, name string, d *daemon) {
	root.Annotations[cobra.CommandDisplayNameAnnotation] = name
	root.Short, root.Long = "Build with BuildKit", ""
	root.Use = "tug COMMAND" // its first word is shown as the name
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help.Write(d.session, cmd) })
	root.SetIn(d.docker.In())
	root.SetOut(d.docker.Out())
	root.SetErr(d.docker.Err())
	root.SetFlagErrorFunc(session.FlagError)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if given, err := cmd.Flags().GetBool("debug"); err == nil && given {
			debug.Enable()
		}
		cmd.SetContext(appcontext.Context())
		if err := d.prepare(cmd.Context(), needsDaemon(cmd)); err != nil || cmd.Name() != "build" {
			return err
		}
		return nameNetwork(cmd.Flags(), func(builder string) (bool, error) { return buildsByDaemon(d.docker, builder) })
	}
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "install", "uninstall": // tug's build is buildx already
			root.RemoveCommand(cmd)
		case "build":
			describe(cmd)
			cmd.Short = "Build an image from a Dockerfile"
			cmd.Annotations = map[string]string{"aliases": "tug image build, tug build, tug builder build, tug buildx build"}
		}
	}
}

// describe shows those options of build that buildx takes but hides, with what comes of them.
func describe(build *cobra.Command) {
	for option, usage := range map[string]string{
		"memory": "", "memory-swap": "", "cpu-shares": "", "cpu-period": "", "cpu-quota": "", "cpuset-cpus": "", "cpuset-mems": "",
		"rm":           "Remove intermediate containers after a successful build: there are none",
		"force-rm":     "Always remove intermediate containers: there are none",
		"compress":     "Compress the build context: only what has changed of it is sent, as it is",
		"network":      `Networking mode for the "RUN" instructions: default, none, host, or a network that you have created`,
		"isolation":    "Container isolation technology: there is one",
		"security-opt": `Security options: "RUN --security" has its place`,
		"squash":       "Squash newly built layers: build in stages instead",
	} {
		flag := build.Flags().Lookup(option)
		if flag == nil {
			continue
		}
		flag.Hidden = false
		delete(flag.Annotations, "experimentalCLI")
		if usage != "" {
			flag.Usage = usage
		}
	}
}

// needsDaemon tells whether a command speaks to the daemon, so that one is to be started.
func needsDaemon(cmd *cobra.Command) bool {
	for c := cmd; c.HasParent(); c = c.Parent() {
		if slices.Contains([]string{"version", "create", "use", "rm", "imagetools", "policy", "completion", "help", cobra.ShellCompRequestCmd}, c.Name()) {
			return false
		}
	}
	for _, only := range []string{"print", "list"} { // bake's, which show what would be built
		if flag := cmd.Flags().Lookup(only); cmd.Name() == "bake" && flag != nil && flag.Changed {
			return false
		}
	}
	return true
}
