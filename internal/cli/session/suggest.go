package session

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/near"
)

// UnknownCommand says that there is no command word below cmd, and which one was meant, if that can be guessed.
func UnknownCommand(cmd *cobra.Command, word string) string {
	text := "unknown command: " + cmd.CommandPath() + " " + word
	if meant := NearCommand(cmd, word); meant != "" {
		text += "\n\nDid you mean '" + cmd.CommandPath() + " " + meant + "'?"
	}
	return text
}

// NearCommand guesses which command below cmd word was meant for; "" if none is near.
func NearCommand(cmd *cobra.Command, word string) string {
	var names []string
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		if slices.Contains(sub.SuggestFor, word) {
			return sub.Name()
		}
		names = append(append(names, sub.Name()), sub.Aliases...)
	}
	return near.Word(word, names)
}

// NearOption guesses which option of cmd was meant when parsing its options ended in err; "" if none is near, or err is another.
func NearOption(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	if word := unknown.GetSpecifiedShortnames(); word != "" { // "-name"
		if cmd.Flags().Lookup(word) != nil && len(word) > 1 {
			return "--" + word
		}
		return ""
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if meant := near.Word(unknown.GetSpecifiedName(), names); meant != "" {
		return "--" + meant
	}
	return ""
}
