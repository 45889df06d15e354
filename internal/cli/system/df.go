package system

import (
	"github.com/docker/cli/cli/command/formatter"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// DiskUsage gives the `system df` command.
func DiskUsage(s *session.Session) *cobra.Command {
	var verbose bool
	var format string
	cmd := &cobra.Command{
		Use:                   "df [OPTIONS]",
		Short:                 "Show disk usage",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			if err := api.Settle(cmd.Context()); err != nil { // the answer's form depends on the version
				return err
			}
			usage, err := api.DiskUsage(cmd.Context(), client.DiskUsageOptions{Verbose: verbose})
			if err != nil {
				return err
			}
			layout := format
			if layout == "" {
				layout = formatter.TableFormatKey
			}
			table := formatter.DiskUsageContext{
				Context:             formatter.Context{Output: s.Out, Format: formatter.NewDiskUsageFormat(layout, verbose)},
				Verbose:             verbose,
				ImageDiskUsage:      usage.Images,
				BuildCacheDiskUsage: usage.BuildCache,
				ContainerDiskUsage:  usage.Containers,
				VolumeDiskUsage:     usage.Volumes,
			}
			return table.Write()
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&verbose, "verbose", "v", false, "Show detailed information on space usage")
	flags.StringVar(&format, "format", "", session.FormatHelp)
	return cmd
}
