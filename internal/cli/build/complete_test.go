package build

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestWhatTheOtherProgramProposes(t *testing.T) {
	for _, c := range []struct {
		answer    string
		proposals []string
		directive cobra.ShellCompDirective
	}{
		{"--file\tName of the Dockerfile\n--force-rm\n:4\n", []string{"--file\tName of the Dockerfile", "--force-rm"}, cobra.ShellCompDirectiveNoFileComp},
		{":0\n", nil, cobra.ShellCompDirectiveDefault},
		{"", nil, cobra.ShellCompDirectiveError},
		{"nothing that it says\n", nil, cobra.ShellCompDirectiveError},
	} {
		proposals, directive := completions(c.answer)
		if diff := cmp.Diff(c.proposals, proposals); diff != "" || directive != c.directive {
			t.Errorf("%q: %v, %d", c.answer, proposals, directive)
		}
	}
}
