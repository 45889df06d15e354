package image

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

type historyOptions struct {
	human    bool
	quiet    bool
	noTrunc  bool
	format   string
	platform string
}

// History gives the history command.
func History(s *session.Session) *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:                   "history [OPTIONS] IMAGE",
		Short:                 "Show the history of an image",
		Args:                  session.ExactArgs(1),
		Annotations:           map[string]string{"aliases": "tug image history, tug history"},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.show(cmd.Context(), s, args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.human, "human", "H", true, "Print sizes and dates in human readable format")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Only show image IDs")
	flags.BoolVar(&o.noTrunc, "no-trunc", false, "Don't truncate output")
	flags.StringVar(&o.format, "format", "", session.FormatHelp)
	flags.StringVar(&o.platform, "platform", "", `Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")`)
	return cmd
}

func (o *historyOptions) show(ctx context.Context, s *session.Session, ref string) error {
	wanted, err := parsePlatforms(o.platform)
	if err != nil {
		return fmt.Errorf("invalid platform: %w", err)
	}
	var options []client.ImageHistoryOption
	if len(wanted) > 0 {
		options = append(options, client.ImageHistoryWithPlatform(wanted[0]))
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	history, err := api.ImageHistory(ctx, ref, options...)
	if err != nil {
		return err
	}
	list := formatter.Context{Output: s.Out, Format: o.layout(), Trunc: !o.noTrunc}
	header := &historyRow{HeaderContext: formatter.HeaderContext{Header: formatter.SubHeaderContext{
		"ID":           "IMAGE",
		"CreatedSince": formatter.CreatedSinceHeader,
		"CreatedAt":    formatter.CreatedAtHeader,
		"CreatedBy":    "CREATED BY",
		"Size":         formatter.SizeHeader,
		"Comment":      "COMMENT",
	}}}
	return list.Write(header, func(write func(formatter.SubContext) error) error {
		for _, item := range history.Items {
			if err := write(&historyRow{item: item, trunc: !o.noTrunc, human: o.human}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *historyOptions) layout() formatter.Format {
	switch {
	case o.format != "" && o.format != formatter.TableFormatKey:
		return formatter.Format(o.format)
	case o.quiet:
		return formatter.DefaultQuietFormat
	case !o.human:
		return "table {{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
	}
	return "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
}

// historyRow is a step of an image's history as templates see it.
type historyRow struct {
	formatter.HeaderContext
	item  image.HistoryResponseItem
	trunc bool
	human bool
}

// MarshalJSON gives the fields that templates have.
func (r *historyRow) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(r) }

// ID is the image's at that step, or <missing>.
func (r *historyRow) ID() string {
	if r.trunc {
		return formatter.TruncateID(r.item.ID)
	}
	return r.item.ID
}

// CreatedAt is a time.
func (r *historyRow) CreatedAt() string { return time.Unix(r.item.Created, 0).Format(time.RFC3339) }

// CreatedSince is how long ago that was.
func (r *historyRow) CreatedSince() string {
	if !r.human {
		return r.CreatedAt()
	}
	created := time.Unix(r.item.Created, 0)
	if created.Year() <= 2000 {
		return "N/A" // reproducible builds say 1970 or 1980
	}
	return units.HumanDuration(time.Since(created)) + " ago"
}

// CreatedBy is the command.
func (r *historyRow) CreatedBy() string {
	command := printable(r.item.CreatedBy)
	if r.trunc {
		return formatter.Ellipsis(command, 45)
	}
	return command
}

// Size is what the step added.
func (r *historyRow) Size() string {
	if r.human {
		return humanSize(r.item.Size)
	}
	return strconv.FormatInt(r.item.Size, 10)
}

// Comment is the builder's.
func (r *historyRow) Comment() string { return printable(r.item.Comment) }

// printable is what an image's author wrote, for a terminal: in one line, and without what moves its cursor or changes its colours.
func printable(s string) string {
	shown := func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}
	return strings.Map(shown, s)
}
