package build

import (
	"os/exec"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// complete asks tug-build how words can go on, the last of which is begun.
func complete(s *session.Session, words []string) ([]string, cobra.ShellCompDirective) {
	path, err := find()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	args := append(append(s.Global.Arguments(), cobra.ShellCompRequestCmd), words...)
	answer, err := exec.Command(path, args...).Output()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return completions(string(answer))
}

// completions reads what a program of cobra's answers: a proposal a line, then a colon and the directive.
func completions(answer string) ([]string, cobra.ShellCompDirective) {
	proposals, directive, found := strings.Cut(strings.TrimSuffix(answer, "\n"), "\n:")
	if !found {
		proposals, directive = "", strings.TrimPrefix(proposals, ":")
	}
	number, err := strconv.Atoi(directive)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	if proposals == "" {
		return nil, cobra.ShellCompDirective(number)
	}
	return strings.Split(proposals, "\n"), cobra.ShellCompDirective(number)
}
