package container

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/spf13/cobra"

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

// show prints a table once, or draws it twice a second until ctx or all containers end.
func (o *statsOptions) show(ctx context.Context, s *session.Session, refs []string) error {
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
	watched := newSampler(ctx, api, !o.noStream)
	defer watched.wait()
	defer cancel() // before the wait

	lost := make(chan error, 1) // the stream of events broke
	if len(refs) == 0 {
		if err := watched.followAll(o.all, lost); err != nil {
			return err
		}
		watched.awaitFirst()
	} else {
		for _, ref := range refs {
			watched.add(ref)
		}
		watched.awaitFirst()
		if err := watched.errors(); err != nil {
			return err
		}
	}
	if o.noStream {
		if samples := watched.samples(); len(samples) > 0 {
			return o.write(s.Out, samples)
		}
		return nil
	}
	return o.draw(ctx, s, watched, len(refs) > 0, lost)
}

// draw redraws the table in place.
func (o *statsOptions) draw(ctx context.Context, s *session.Session, watched *sampler, endsWhenEmpty bool, lost <-chan error) error {
	const home, clearToEnd, clearLine = "\x1b[H", "\x1b[J", "\x1b[K"
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-lost:
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil // the daemon went away
			}
			return err
		case <-ticker.C:
		}
		samples := watched.samples()
		if len(samples) == 0 && endsWhenEmpty {
			_, _ = io.WriteString(s.Out, home+clearToEnd)
			return nil
		}
		var table bytes.Buffer
		if err := o.write(&table, samples); err != nil {
			return err
		}
		frame := home + string(bytes.ReplaceAll(table.Bytes(), []byte("\n"), []byte(clearLine+"\n"))) + clearToEnd
		_, _ = io.WriteString(s.Out, frame) // at once, so that it does not flicker
	}
}

func (o *statsOptions) write(out io.Writer, samples []sample) error {
	list := formatter.Context{Output: out, Format: formatter.Format(o.format)}
	if o.format == "" || o.format == formatter.TableFormatKey {
		list.Format = "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
	}
	header := &statsRow{HeaderContext: formatter.HeaderContext{Header: formatter.SubHeaderContext{
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
			if err := write(&statsRow{sample: sample, trunc: !o.noTrunc}); err != nil {
				return err
			}
		}
		return nil
	})
}
