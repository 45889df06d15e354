package container

import (
	"context"
	"fmt"
	"io"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/session"
	"tug/internal/cli/stdio"
)

// Logs gives the logs command.
func Logs(s *session.Session) *cobra.Command {
	o := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true}
	var empty bool
	cmd := &cobra.Command{
		Use:                   "logs [OPTIONS] CONTAINER",
		Short:                 "Fetch the logs of a container",
		Args:                  session.ExactArgs(1),
		Annotations:           map[string]string{"aliases": "tug container logs, tug logs"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if empty {
				return clearLogs(cmd.Context(), s, cmd.Flags(), args[0])
			}
			return showLogs(cmd.Context(), s, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.Follow, "follow", "f", false, "Follow log output")
	flags.StringVar(&o.Since, "since", "", `Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)`)
	flags.StringVar(&o.Until, "until", "", `Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)`)
	flags.BoolVarP(&o.Timestamps, "timestamps", "t", false, "Show timestamps")
	flags.BoolVar(&o.Details, "details", false, "Show extra details provided to logs")
	flags.StringVarP(&o.Tail, "tail", "n", "all", "Number of lines to show from the end of the logs")
	flags.BoolVar(&empty, "clear", false, "Empty the container's log instead of showing it")
	return cmd
}

// clearLogs empties a container's log. All other options are about showing it.
func clearLogs(ctx context.Context, s *session.Session, flags *pflag.FlagSet, ref string) error {
	var others error
	flags.Visit(func(f *pflag.Flag) {
		if f.Name != "clear" && others == nil {
			others = fmt.Errorf("conflicting options: --clear shows nothing, so --%s has no meaning with it", f.Name)
		}
	})
	if others != nil {
		return others
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	return api.ClearLogs(ctx, ref)
}

func showLogs(ctx context.Context, s *session.Session, ref string, o client.ContainerLogsOptions) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	c, err := find(ctx, api, ref)
	if err != nil {
		return err
	}
	logs, err := api.ContainerLogs(ctx, c.ID, o)
	if err != nil {
		return err
	}
	defer logs.Close()
	if c.Config.Tty {
		_, err = io.Copy(s.Out, logs)
		return err
	}
	return stdio.Demux(s.Out, s.Err, logs)
}
