package container

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/spf13/cobra"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

type statsOptions struct {
	all      bool
	noStream bool
	noTrunc  bool
	format   string
}

// Stats gives the stats command.
func Stats(s *session.Session) *cobra.Command {
	var o statsOptions
	cmd := &cobra.Command{
		Use:                   "stats [OPTIONS] [CONTAINER...]",
		Short:                 "Display a live stream of container(s) resource usage statistics",
		Annotations:           map[string]string{"aliases": "tug container stats, tug stats"},
		DisableFlagsInUseLine: true,
		Args:                  session.MinArgs(0),
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.show(cmd.Context(), s, args) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.all, "all", "a", false, "Show all containers (default shows just running)")
	flags.BoolVar(&o.noStream, "no-stream", false, "Disable streaming stats and only pull the first result")
	flags.BoolVar(&o.noTrunc, "no-trunc", false, "Do not truncate output")
	flags.StringVar(&o.format, "format", "", session.FormatHelp)
	return cmd
}

// show prints a table once, or draws it again and again until ctx or all containers end.
func (o *statsOptions) show(ctx context.Context, s *session.Session, named []string) error {
	refs := once(named)
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	if o.format == "" {
		o.format = cfg.StatsFormat()
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	figures, err := api.Stats(ctx, connection.StatsOptions{Containers: refs, All: o.all, Stream: !o.noStream})
	if errors.Is(err, connection.ErrNoStats) {
		return o.showSampled(ctx, s, api, refs)
	}
	if err != nil {
		return err
	}
	defer figures.Close()
	if !o.noStream {
		return o.drawFigures(ctx, s, figures)
	}
	all, err := figures.Next()
	if err != nil {
		return err
	}
	return o.write(s.Out, samplesOf(all))
}

// once gives names without those that are there twice.
func once(names []string) []string {
	var list []string
	for _, name := range names {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func samplesOf(all []connection.Stats) []sample {
	samples := make([]sample, len(all))
	for i, one := range all {
		samples[i] = sample{ref: one.Ref, usage: one.StatsResponse}
	}
	return samples
}

// drawFigures draws what the daemon tells, as often as it does. If it does not tell for a while, that is shown.
func (o *statsOptions) drawFigures(ctx context.Context, s *session.Session, figures *connection.StatsStream) error {
	type news struct {
		all []connection.Stats
		err error
	}
	told := make(chan news)
	go func() {
		for {
			all, err := figures.Next()
			select {
			case told <- news{all, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	var samples []sample
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-told:
			switch {
			case errors.Is(n.err, io.EOF):
				return o.paint(s, nil)
			case n.err != nil:
				return n.err
			}
			samples = samplesOf(n.all)
		case <-time.After(staleAfter):
			for i := range samples {
				samples[i].invalid = true
			}
		}
		if err := o.paint(s, samples); err != nil {
			return err
		}
	}
}

// paint draws the table over what was there; without one, it clears the screen.
func (o *statsOptions) paint(s *session.Session, samples []sample) error {
	const home, clearToEnd, clearLine = "\x1b[H", "\x1b[J", "\x1b[K"
	var table bytes.Buffer
	if samples != nil {
		if err := o.write(&table, samples); err != nil {
			return err
		}
	}
	frame := home + string(bytes.ReplaceAll(table.Bytes(), []byte("\n"), []byte(clearLine+"\n"))) + clearToEnd
	_, _ = io.WriteString(s.Out, frame) // at once, so that it does not flicker
	return nil
}

func (o *statsOptions) write(out io.Writer, samples []sample) error {
	list := formatter.Context{Output: out, Format: formatter.Format(o.format)}
	if o.format == "" || o.format == formatter.TableFormatKey {
		list.Format = "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
	}
	header := &statsContext{HeaderContext: formatter.HeaderContext{Header: formatter.SubHeaderContext{
		"Container": "CONTAINER",
		"Name":      formatter.NameHeader,
		"ID":        formatter.ContainerIDHeader,
		"CPUPerc":   "CPU %",
		"MemUsage":  "MEM USAGE / LIMIT",
		"MemPerc":   "MEM %",
		"NetIO":     "NET I/O",
		"BlockIO":   "BLOCK I/O",
		"PIDs":      "PIDS",
	}}}
	return list.Write(header, func(write func(formatter.SubContext) error) error {
		for _, sample := range samples {
			if err := write(&statsContext{sample: sample, trunc: !o.noTrunc}); err != nil {
				return err
			}
		}
		return nil
	})
}
