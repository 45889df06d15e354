package cli

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tug/internal/cli/help"
	"tug/internal/cli/session"
)

// testSession is one without a terminal, a configuration or a daemon.
func testSession(t *testing.T) *session.Session {
	t.Helper()
	folder := t.TempDir()
	getenv := func(name string) string {
		if name == "TUG_CONFIG" || name == "DOCKER_CONFIG" {
			return folder
		}
		return ""
	}
	return session.New(io.NopCloser(strings.NewReader("")), io.Discard, io.Discard, getenv, session.Version{})
}

// TestDockersCommandsAndFlagsExist goes through testdata/docker.flags: each command of Docker's, and each of
// its flags, is there, unless it is handed over to another program.
func TestDockersCommandsAndFlagsExist(t *testing.T) {
	list, err := os.ReadFile("testdata/docker.flags")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		flag := ""
		if last := words[len(words)-1]; strings.HasPrefix(last, "--") {
			flag, words = strings.TrimPrefix(last, "--"), words[:len(words)-1]
		}
		root := newRoot(testSession(t), words)
		cmd, rest, err := root.Find(words)
		if err != nil || len(rest) > 0 {
			t.Errorf("no command %q", words)
			continue
		}
		if flag != "" && !cmd.DisableFlagParsing && cmd.Flags().Lookup(flag) == nil {
			t.Errorf("%q has no flag --%s", words, flag)
		}
	}
}

// TestTreeNamesAreTheCommands checks that what is looked for in the tree is what is built from it.
func TestTreeNamesAreTheCommands(t *testing.T) {
	s := testSession(t)
	var check func(path string, nodes []node)
	check = func(path string, nodes []node) {
		for _, n := range nodes {
			cmd := n.build(s)
			names := append([]string{cmd.Name()}, cmd.Aliases...)
			for _, name := range n.names {
				if !slices.Contains(names, name) {
					t.Errorf("%s%v builds a command called %v", path, n.names, names)
				}
			}
			for _, name := range names {
				if !slices.Contains(n.names, name) {
					t.Errorf("%s%v: the alias %s would not be found", path, n.names, name)
				}
			}
			check(path+n.names[0]+" ", n.children)
		}
	}
	check("", commands())
}

// TestOnlyTheCommandThatIsAskedForIsBuilt keeps the start fast.
func TestOnlyTheCommandThatIsAskedForIsBuilt(t *testing.T) {
	count := func(args ...string) int {
		var all func(*cobra.Command) int
		all = func(c *cobra.Command) int {
			n := 1
			for _, sub := range c.Commands() {
				n += all(sub)
			}
			return n
		}
		return all(newRoot(testSession(t), args))
	}
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"run", "image"}, 2},
		{[]string{"-H", "unix:///x", "--debug", "run", "image"}, 2},
		{[]string{"container", "ls", "-a"}, 3},
	} {
		if got := count(c.args...); got != c.want {
			t.Errorf("%q builds %d commands, not %d", c.args, got, c.want)
		}
	}
	if got := count("--help"); got < 100 {
		t.Errorf("the help knows only %d commands", got)
	}
}

// TestEveryCommandExplainsItself looks at the help of all commands.
func TestEveryCommandExplainsItself(t *testing.T) {
	var walk func(*cobra.Command)
	s := testSession(t)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			var out bytes.Buffer
			sub.SetOut(&out)
			help.Write(s, sub)
			if sub.Short == "" || !strings.HasPrefix(out.String(), "Usage:  tug "+strings.TrimPrefix(sub.CommandPath(), "tug ")) {
				t.Errorf("%s: %s", sub.CommandPath(), out.String())
			}
			walk(sub)
		}
	}
	walk(newRoot(s, nil))
}
