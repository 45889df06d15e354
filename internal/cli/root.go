package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/help"
	"tug/internal/cli/session"
)

// newRoot builds as much of the command tree as args need.
func newRoot(s *session.Session, args []string) *cobra.Command {
	root := &cobra.Command{
		Use:                   "tug [OPTIONS] COMMAND [ARG...]",
		Short:                 "A container engine that starts containers in milliseconds",
		SilenceUsage:          true,
		SilenceErrors:         true,
		TraverseChildren:      true,
		DisableFlagsInUseLine: true,
		CompletionOptions:     cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE: func(cmd *cobra.Command, args []string) error {
			if show, _ := cmd.Flags().GetBool("version"); show {
				_, _ = fmt.Fprintf(s.Out, "tug version %s, build %s\n", s.Version.Number, s.Version.Commit)
				return nil
			}
			if len(args) == 0 {
				return cmd.Help()
			}
			return fmt.Errorf("tug: %s\n\nRun 'tug --help' for more information", session.UnknownCommand(cmd, args[0]))
		},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetArgs(args)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help.Write(s, cmd) })
	root.SetFlagErrorFunc(session.FlagError)
	s.RegisterGlobal(root.Flags())
	root.SetHelpCommand(helpCommand(root))
	addCommands(s, root, commands(), positional(s, args))
	return root
}

// positional gives what follows the global options: the command's name, or names, and its arguments.
func positional(s *session.Session, args []string) []string {
	probe := session.New(s.In, s.Out, s.Err, s.Getenv, s.Version)
	flags := pflag.NewFlagSet("tug", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {}
	probe.RegisterGlobal(flags)
	if flags.Parse(args) != nil {
		return nil // --help, or an error that the real parse reports
	}
	return flags.Args()
}

// helpCommand is `tug help [command]`.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "help [command]",
		Short:  "Help about the command",
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil {
				return unknownTopic(root, args[0])
			}
			if len(rest) > 0 {
				return unknownTopic(cmd, rest[0])
			}
			return cmd.Help()
		},
	}
}

// unknownTopic says that there is nothing of that name below cmd to be helped with.
func unknownTopic(cmd *cobra.Command, word string) error {
	text := "unknown help topic: " + word
	if meant := session.NearCommand(cmd, word); meant != "" {
		text += fmt.Sprintf("\n\nDid you mean '%s --help'?", cmd.CommandPath()+" "+meant)
	}
	return fmt.Errorf("%s\n\nRun '%s --help' for more information", text, cmd.CommandPath())
}
