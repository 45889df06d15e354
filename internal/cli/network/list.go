package network

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/fvbommel/sortorder"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type listOptions struct {
	quiet   bool
	noTrunc bool
	format  string
	filter  opts.FilterOpt
}

// List gives the `network ls` command.
func List(s *session.Session) *cobra.Command {
	o := listOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:                   "ls [OPTIONS]",
		Aliases:               []string{"list"},
		Short:                 "List networks",
		Args:                  session.NoArgs,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context(), s) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Only display network IDs")
	flags.BoolVar(&o.noTrunc, "no-trunc", false, "Do not truncate the output")
	flags.StringVar(&o.format, "format", "", session.FormatHelp)
	flags.VarP(&o.filter, "filter", "f", `Provide filter values (e.g. "driver=bridge")`)
	return cmd
}

func (o *listOptions) list(ctx context.Context, s *session.Session) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	found, err := api.NetworkList(ctx, client.NetworkListOptions{Filters: o.filter.Value()})
	if err != nil {
		return err
	}
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	slices.SortFunc(found.Items, func(a, b network.Summary) int { return sortorder.NaturalCompare(a.Name, b.Name) })

	list := formatter.Context{Output: s.Out, Format: o.layout(cfg.NetworksFormat()), Trunc: !o.noTrunc}
	header := &row{HeaderContext: formatter.HeaderContext{Header: formatter.SubHeaderContext{
		"ID":        "NETWORK ID",
		"Name":      formatter.NameHeader,
		"Driver":    formatter.DriverHeader,
		"Scope":     formatter.ScopeHeader,
		"IPv4":      "IPV4",
		"IPv6":      "IPV6",
		"Internal":  "INTERNAL",
		"Labels":    formatter.LabelsHeader,
		"CreatedAt": formatter.CreatedAtHeader,
	}}}
	return list.Write(header, func(write func(formatter.SubContext) error) error {
		for _, n := range found.Items {
			if err := write(&row{network: n, trunc: !o.noTrunc}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *listOptions) layout(configured string) formatter.Format {
	format := o.format
	if format == "" && !o.quiet {
		format = configured
	}
	switch {
	case format == formatter.RawFormatKey && o.quiet:
		return "network_id: {{.ID}}"
	case format == formatter.RawFormatKey:
		return "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n"
	case format != "" && format != formatter.TableFormatKey:
		return formatter.Format(format)
	case o.quiet:
		return formatter.DefaultQuietFormat
	}
	return "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}"
}

// row is a network as templates see it.
type row struct {
	formatter.HeaderContext
	network network.Summary
	trunc   bool
}

// MarshalJSON gives the fields that templates have.
func (r *row) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(r) }

// ID is the network's, shortened if the list is.
func (r *row) ID() string {
	if r.trunc {
		return formatter.TruncateID(r.network.ID)
	}
	return r.network.ID
}

// Name is the network's.
func (r *row) Name() string { return r.network.Name }

// Driver is what makes it.
func (r *row) Driver() string { return r.network.Driver }

// Scope is how far it reaches.
func (r *row) Scope() string { return r.network.Scope }

// IPv4 says whether it has such addresses.
func (r *row) IPv4() string { return strconv.FormatBool(r.network.EnableIPv4) }

// IPv6 says whether it has such addresses.
func (r *row) IPv6() string { return strconv.FormatBool(r.network.EnableIPv6) }

// Internal says whether it leads nowhere else.
func (r *row) Internal() string { return strconv.FormatBool(r.network.Internal) }

// CreatedAt is a time.
func (r *row) CreatedAt() string { return r.network.Created.String() }

// Labels are all of them, sorted.
func (r *row) Labels() string {
	var labels []string
	for _, key := range slices.Sorted(maps.Keys(r.network.Labels)) {
		labels = append(labels, key+"="+r.network.Labels[key])
	}
	return strings.Join(labels, ",")
}

// Label is one of them.
func (r *row) Label(name string) string { return r.network.Labels[name] }
