package cli

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/config"
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
			return fmt.Errorf("tug: unknown command: tug %s\n\nRun 'tug --help' for more information", args[0])
		},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetArgs(args)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { writeHelp(s, cmd) })
	root.SetFlagErrorFunc(flagError)
	registerGlobal(s, root.Flags())
	root.SetHelpCommand(helpCommand(root))
	addCommands(s, root, commands(), positional(s, args))
	return root
}

// registerGlobal adds the options that stand before the command.
func registerGlobal(s *session.Session, flags *pflag.FlagSet) {
	g := &s.Global
	flags.StringVar(&g.Config, "config", config.Folder("", s.Getenv), "Location of client config files")
	flags.StringVarP(&g.Context, "context", "c", "",
		`Name of the context to use to connect to the daemon (overrides TUG_HOST and DOCKER_HOST env vars and default context set with "tug context use")`)
	flags.BoolVarP(&g.Debug, "debug", "D", false, "Enable debug mode")
	flags.VarP(&hostFlag{value: &g.Host}, "host", "H", "Daemon socket to connect to (TUG_HOST, DOCKER_HOST)")
	flags.StringP("log-level", "l", "info", `Set the logging level ("debug", "info", "warn", "error", "fatal")`)
	flags.BoolVar(&g.NoAutostart, "no-autostart", false, "Do not start the daemon if it is not running")
	flags.BoolVar(&g.TLS, "tls", s.Getenv("DOCKER_TLS") != "", "Use TLS; implied by --tlsverify")
	flags.BoolFunc("tlsverify", "Use TLS and verify the remote", func(value string) error {
		verify, err := strconv.ParseBool(value)
		g.TLSVerify = &verify
		return err
	})
	flags.StringVar(&g.TLSFiles.CAFile, "tlscacert", "", "Trust certs signed only by this CA")
	flags.StringVar(&g.TLSFiles.CertFile, "tlscert", "", "Path to TLS certificate file")
	flags.StringVar(&g.TLSFiles.KeyFile, "tlskey", "", "Path to TLS key file")
	flags.BoolP("version", "v", false, "Print version information and quit")
}

// positional gives what follows the global options: the command's name, or names, and its arguments.
func positional(s *session.Session, args []string) []string {
	probe := session.New(s.In, s.Out, s.Err, s.Getenv, s.Version)
	flags := pflag.NewFlagSet("tug", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {}
	registerGlobal(probe, flags)
	if flags.Parse(args) != nil {
		return nil // --help, or an error that the real parse reports
	}
	return flags.Args()
}

// flagError says which option is wrong and how the command is used.
func flagError(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return session.Status{
		Code: 125,
		Err:  fmt.Errorf("%w\n\nUsage:  %s\n\nRun '%s --help' for more information", err, cmd.UseLine(), cmd.CommandPath()),
	}
}

// helpCommand is `tug help [command]`.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "help [command]",
		Short:  "Help about the command",
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if cmd == nil || err != nil || len(rest) > 0 {
				return fmt.Errorf("unknown help topic: %v", args)
			}
			return cmd.Help()
		},
	}
}

// hostFlag is --host, which can be given once: there is one daemon.
type hostFlag struct {
	value *string
	given bool
}

// Set implements pflag.Value.
func (h *hostFlag) Set(value string) error {
	if h.given {
		return errors.New("specify only one -H")
	}
	*h.value, h.given = value, true
	return nil
}

// String implements pflag.Value.
func (h *hostFlag) String() string {
	if h.value == nil {
		return ""
	}
	return *h.value
}

// Type implements pflag.Value.
func (h *hostFlag) Type() string { return "string" }
