package buildx

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docker/buildx/commands"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/session"
)

// TestEveryOptionOfBuildIsInTheManual holds that its table says what each does, and that there are no others.
func TestEveryOptionOfBuildIsInTheManual(t *testing.T) {
	const manual = "../../../docs/manual/build.md"
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	docker, err := command.NewDockerCli()
	if err != nil {
		t.Fatal(err)
	}
	s := session.New(os.Stdin, os.Stdout, os.Stderr, func(string) string { return "" }, session.Version{})
	root := commands.NewRootCmd("tug", false, docker)
	fit(root, "tug", &daemon{session: s, docker: docker})
	at := slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == "build" })
	build := root.Commands()[at]
	options := 0
	build.Flags().AddFlagSet(build.InheritedFlags())
	build.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		options++
		if !strings.Contains(string(text), "\n| `--"+f.Name+"` |") {
			t.Errorf("%s has no row for --%s", manual, f.Name)
		}
	})
	if rows := strings.Count(string(text), "\n| `--"); rows != options {
		t.Errorf("%s has %d rows for %d options", manual, rows, options)
	}
}
