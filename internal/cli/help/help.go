// Package help shows how a command is used.
package help

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Write prints how cmd is used, what it is for, its options, and the commands below it.
func Write(s *session.Session, cmd *cobra.Command) {
	if help := cmd.Flags().Lookup("help"); help != nil {
		help.Hidden = true // whoever reads this has found it
	}
	var b strings.Builder
	usage := strings.TrimSuffix(cmd.UseLine(), " [ARG...]")
	if cmd.HasParent() {
		usage = cmd.UseLine()
	}
	fmt.Fprintf(&b, "Usage:  %s\n\n%s\n", usage, strings.TrimSpace(description(cmd)))
	if aliases := aliasesOf(cmd); aliases != "" {
		fmt.Fprintf(&b, "\nAliases:\n  %s\n", aliases)
	}
	if cmd.HasParent() && cmd.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\nOptions:\n%s\n", options(s, cmd))
	}
	writeCommands(&b, cmd)
	if !cmd.HasParent() && cmd.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\nGlobal Options:\n%s\n", options(s, cmd))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nRun '%s COMMAND --help' for more information on a command.\n", cmd.CommandPath())
	}
	_, _ = io.WriteString(cmd.OutOrStdout(), b.String())
}

func description(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Short
}

// aliasesOf lists the ways of calling a command, in full.
func aliasesOf(cmd *cobra.Command) string {
	if listed := cmd.Annotations["aliases"]; listed != "" {
		return listed
	}
	if len(cmd.Aliases) == 0 {
		return ""
	}
	names := []string{cmd.CommandPath()}
	for _, alias := range cmd.Aliases {
		names = append(names, cmd.Parent().CommandPath()+" "+alias)
	}
	return strings.Join(names, ", ")
}

// options describes the options, wrapped at the terminal's width.
func options(s *session.Session, cmd *cobra.Command) string {
	width := 80
	if _, columns := s.Out.GetTtySize(); columns > 0 {
		width = int(columns)
	}
	return strings.TrimRight(cmd.Flags().FlagUsagesWrapped(width-1), " \n")
}

// writeCommands lists the commands below cmd: those that are used most first, then groups, then the rest.
func writeCommands(b *strings.Builder, cmd *cobra.Command) {
	var common, groups, others []*cobra.Command
	for _, sub := range cmd.Commands() {
		switch {
		case !sub.IsAvailableCommand() || sub.Name() == "help":
		case sub.Annotations["category-top"] != "" && !cmd.HasParent():
			common = append(common, sub)
		case sub.HasSubCommands():
			groups = append(groups, sub)
		default:
			others = append(others, sub)
		}
	}
	sort.SliceStable(common, func(i, j int) bool { return rank(common[i]) < rank(common[j]) })
	for _, section := range []struct {
		title string
		list  []*cobra.Command
	}{{"Common Commands", common}, {"Management Commands", groups}, {"Commands", others}} {
		if len(section.list) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s:\n", section.title)
		for _, sub := range section.list {
			fmt.Fprintf(b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
		}
	}
}

// rank orders "2" before "10".
func rank(cmd *cobra.Command) string {
	return fmt.Sprintf("%4s", cmd.Annotations["category-top"])
}
