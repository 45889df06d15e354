package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/docker/cli/templates"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// Events gives the events command.
func Events(s *session.Session) *cobra.Command {
	var since, until, format string
	filter := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use:                   "events [OPTIONS]",
		Short:                 "Get real time events from the server",
		Args:                  session.NoArgs,
		Annotations:           map[string]string{"aliases": "tug system events, tug events"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, err := eventWriter(format)
			if err != nil {
				return session.Status{Code: 64, Err: fmt.Errorf("Error parsing format: %w", err)} //nolint:staticcheck // docker's words
			}
			return showEvents(cmd.Context(), s, client.EventsListOptions{Since: since, Until: until, Filters: filter.Value()}, write)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&since, "since", "", "Show all events created since timestamp")
	flags.StringVar(&until, "until", "", "Stream events until this timestamp")
	flags.VarP(&filter, "filter", "f", "Filter output based on conditions provided")
	flags.StringVar(&format, "format", "", session.InspectFormatHelp)
	return cmd
}

func showEvents(ctx context.Context, s *session.Session, o client.EventsListOptions, write func(io.Writer, events.Message) error) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := api.Events(ctx, o)
	for {
		select {
		case event := <-stream.Messages:
			if err := write(s.Out, event); err != nil {
				return err
			}
		case err := <-stream.Err:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

func eventWriter(format string) (func(io.Writer, events.Message) error, error) {
	switch format {
	case "":
		return writeEvent, nil
	case formatter.JSONFormatKey:
		format = formatter.JSONFormat
	}
	parsed, err := templates.Parse(format)
	if err != nil {
		return nil, err
	}
	write := func(out io.Writer, event events.Message) error {
		if err := parsed.Execute(out, &event); err != nil {
			return err
		}
		_, err := io.WriteString(out, "\n")
		return err
	}
	return write, write(io.Discard, events.Message{}) // a field that does not exist is found out now
}

// writeEvent writes: time type action id (key=value, ...).
func writeEvent(out io.Writer, e events.Message) error {
	const fixedWidth = "2006-01-02T15:04:05.000000000Z07:00"
	var line strings.Builder
	switch {
	case e.TimeNano != 0:
		line.WriteString(time.Unix(0, e.TimeNano).Format(fixedWidth) + " ")
	case e.Time != 0:
		line.WriteString(time.Unix(e.Time, 0).Format(fixedWidth) + " ")
	}
	fmt.Fprintf(&line, "%s %s %s", e.Type, e.Action, e.Actor.ID)
	if len(e.Actor.Attributes) > 0 {
		var attributes []string
		for _, key := range slices.Sorted(maps.Keys(e.Actor.Attributes)) {
			attributes = append(attributes, key+"="+e.Actor.Attributes[key])
		}
		fmt.Fprintf(&line, " (%s)", strings.Join(attributes, ", "))
	}
	line.WriteByte('\n')
	_, err := io.WriteString(out, line.String())
	return err
}
