package session

import (
	"fmt"

	"github.com/spf13/cobra"
)

// FlagError says which option is wrong and how the command is used; the exit code is Docker's.
func FlagError(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if meant := NearOption(cmd, err); meant != "" {
		err = fmt.Errorf("%w\n\nDid you mean %s?", err, meant)
	}
	return Status{
		Code: 125,
		Err:  fmt.Errorf("%w\n\nUsage:  %s\n\nRun '%s --help' for more information", err, cmd.UseLine(), cmd.CommandPath()),
	}
}
