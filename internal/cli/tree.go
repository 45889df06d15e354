package cli

import (
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// node is a command of the tree that has not been built: building all of them, with their hundreds of
// options, would take longer than most of them run.
type node struct {
	names    []string // as it may be called below its parent; the first is in the help
	build    func(*session.Session) *cobra.Command
	children []node // of a group, whose build makes the group itself
}

// addCommands builds the commands below parent that words (a command line without global options) can
// mean. It builds all of them if words name none: then help or an error is to be shown, or a shell asks
// for completions.
func addCommands(s *session.Session, parent *cobra.Command, nodes []node, words []string) {
	if len(words) > 0 {
		for _, n := range nodes {
			if n.called(words[0]) {
				parent.AddCommand(n.command(s, words[1:]))
				return
			}
		}
	}
	for _, n := range nodes {
		parent.AddCommand(n.command(s, nil))
	}
}

func (n node) command(s *session.Session, words []string) *cobra.Command {
	cmd := n.build(s)
	if len(n.children) > 0 {
		addCommands(s, cmd, n.children, words)
	}
	return cmd
}

func (n node) called(word string) bool {
	for _, name := range n.names {
		if name == word {
			return true
		}
	}
	return false
}

// leaf is a command.
func leaf(build func(*session.Session) *cobra.Command, names ...string) node {
	return node{names: names, build: build}
}

// branch is a group of commands ("container"), which alone only shows its help.
func branch(name, short string, children ...node) node {
	return node{
		names:    []string{name},
		children: children,
		build: func(*session.Session) *cobra.Command {
			return &cobra.Command{
				Use:                   name + " COMMAND",
				Short:                 short,
				Args:                  session.NoArgs,
				DisableFlagsInUseLine: true,
				RunE:                  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
			}
		},
	}
}
