package session

import (
	"fmt"

	"github.com/spf13/cobra"
)

// NoArgs refuses arguments.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return usageError(cmd, UnknownCommand(cmd, args[0]), "Run")
	}
	return usageError(cmd, fmt.Sprintf("'%s' accepts no arguments", cmd.CommandPath()), "Run")
}

// MinArgs wants at least n arguments.
func MinArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= n {
			return nil
		}
		return usageError(cmd, fmt.Sprintf("'%s' requires at least %d %s", cmd.CommandPath(), n, arguments(n)), "See")
	}
}

// MaxArgs wants at most n arguments.
func MaxArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return usageError(cmd, fmt.Sprintf("'%s' requires at most %d %s", cmd.CommandPath(), n, arguments(n)), "Run")
	}
}

// RangeArgs wants at least low and at most high arguments.
func RangeArgs(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= low && len(args) <= high {
			return nil
		}
		return usageError(cmd, fmt.Sprintf("'%s' requires at least %d and at most %d %s", cmd.CommandPath(), low, high, arguments(high)), "Run")
	}
}

// ExactArgs wants n arguments.
func ExactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usageError(cmd, fmt.Sprintf("'%s' requires %d %s", cmd.CommandPath(), n, arguments(n)), "Run")
	}
}

// usageError says what is wrong with the words of a command and how it is used.
func usageError(cmd *cobra.Command, what, verb string) error {
	return fmt.Errorf("%s: %s\n\nUsage:  %s\n\n%s '%s --help' for more information",
		cmd.Root().Name(), what, cmd.UseLine(), verb, cmd.CommandPath())
}

func arguments(n int) string {
	if n == 1 {
		return "argument"
	}
	return "arguments"
}
