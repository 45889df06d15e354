package registry

import (
	"context"
	"strconv"
	"strings"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/pkg/authconfig"
	registrytypes "github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type searchOptions struct {
	noTrunc bool
	limit   int
	format  string
	filter  opts.FilterOpt
}

// Search gives the search command.
func Search(s *session.Session) *cobra.Command {
	o := searchOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:                   "search [OPTIONS] TERM",
		Short:                 "Search Docker Hub for images",
		Args:                  session.ExactArgs(1),
		Annotations:           map[string]string{"category-top": "10"},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.search(cmd.Context(), s, args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.noTrunc, "no-trunc", false, "Don't truncate output")
	flags.VarP(&o.filter, "filter", "f", "Filter output based on conditions provided")
	flags.IntVar(&o.limit, "limit", 0, "Max number of search results")
	flags.StringVar(&o.format, "format", "", "Pretty-print search using a Go template")
	return cmd
}

func (o *searchOptions) search(ctx context.Context, s *session.Session, term string) error {
	known, err := login(ctx, s, searchedRegistry(term))
	if ctx.Err() != nil {
		return err
	}
	auth, err := authconfig.Encode(forAPI(known)) // without a login, the search may still succeed
	if err != nil {
		return err
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	found, err := api.ImageSearch(ctx, term, client.ImageSearchOptions{RegistryAuth: auth, Filters: o.filter.Value(), Limit: o.limit})
	if err != nil {
		return err
	}
	list := formatter.Context{Output: s.Out, Format: formatter.Format(o.format), Trunc: !o.noTrunc}
	if o.format == "" || o.format == formatter.TableFormatKey {
		list.Format = "table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}"
	}
	header := &searchRow{HeaderContext: formatter.HeaderContext{Header: formatter.SubHeaderContext{
		"Name":        formatter.NameHeader,
		"Description": formatter.DescriptionHeader,
		"StarCount":   "STARS",
		"IsOfficial":  "OFFICIAL",
	}}}
	return list.Write(header, func(write func(formatter.SubContext) error) error {
		for _, result := range found.Items {
			if err := write(&searchRow{result: result, trunc: !o.noTrunc}); err != nil {
				return err
			}
		}
		return nil
	})
}

// searchedRegistry is the registry that a term begins with; Docker Hub if it names none.
func searchedRegistry(term string) string {
	first, _, found := strings.Cut(term, "/")
	if !found || (!strings.ContainsAny(first, ".:") && first != "localhost") {
		return "docker.io"
	}
	return first
}

// searchRow is a result as templates see it.
type searchRow struct {
	formatter.HeaderContext
	result registrytypes.SearchResult
	trunc  bool
	json   bool
}

// MarshalJSON gives the fields that templates have.
func (r *searchRow) MarshalJSON() ([]byte, error) {
	r.json = true
	return formatter.MarshalJSON(r)
}

// Name is the repository's.
func (r *searchRow) Name() string { return r.result.Name }

// Description is its first words.
func (r *searchRow) Description() string {
	text := strings.NewReplacer("\n", " ", "\r", " ").Replace(r.result.Description)
	if r.trunc {
		text = formatter.Ellipsis(text, 45)
	}
	return text
}

// StarCount is how many people liked it.
func (r *searchRow) StarCount() string { return strconv.Itoa(r.result.StarCount) }

// IsOfficial says whether Docker vouches for it.
func (r *searchRow) IsOfficial() string {
	switch {
	case r.json:
		return strconv.FormatBool(r.result.IsOfficial)
	case r.result.IsOfficial:
		return "[OK]"
	}
	return ""
}
