package volume

import (
	"slices"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/fvbommel/sortorder"
	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// List gives the `volume ls` command.
func List(s *session.Session) *cobra.Command {
	var quiet, cluster bool
	var format string
	filter := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use:                   "ls [OPTIONS]",
		Aliases:               []string{"list"},
		Short:                 "List volumes",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := s.API()
			if err != nil {
				return err
			}
			found, err := api.VolumeList(cmd.Context(), client.VolumeListOptions{Filters: filter.Value()})
			if err != nil {
				return err
			}
			cfg, err := s.Config()
			if err != nil {
				return err
			}
			layout := format
			if layout == "" && !quiet {
				layout = cfg.VolumesFormat()
			}
			if layout == "" {
				layout = formatter.TableFormatKey
			}
			if cluster {
				found.Items = slices.DeleteFunc(found.Items, func(v volume.Volume) bool { return v.ClusterVolume == nil })
				if !quiet {
					layout = "table {{.Name}}\t{{.Group}}\t{{.Driver}}\t{{.Availability}}\t{{.Status}}"
				}
			}
			slices.SortFunc(found.Items, func(a, b volume.Volume) int { return sortorder.NaturalCompare(a.Name, b.Name) })
			return formatter.VolumeWrite(formatter.Context{Output: s.Out, Format: formatter.NewVolumeFormat(layout, quiet)}, found.Items)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&quiet, "quiet", "q", false, "Only display volume names")
	flags.StringVar(&format, "format", "", session.FormatHelp)
	flags.BoolVar(&cluster, "cluster", false, "Display only cluster volumes, and use cluster volume list formatting")
	flags.VarP(&filter, "filter", "f", `Provide filter values (e.g. "dangling=true")`)
	return cmd
}
