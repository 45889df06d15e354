package system

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/templates"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// information is what `info` knows, as templates see it: the daemon's answer and this side.
type information struct {
	*system.Info `json:",omitempty"`
	ServerErrors []string `json:",omitempty"`
	UserName     string   `json:"-"`

	ClientInfo   *clientInfo `json:",omitempty"`
	ClientErrors []string    `json:",omitempty"`
}

type clientInfo struct {
	Debug bool
	clientVersion
	Plugins  []string
	Warnings []string
}

// Info gives the info command.
func Info(s *session.Session) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "info [OPTIONS]",
		Short: "Display system-wide information",
		Args:  session.NoArgs,
		Annotations: map[string]string{
			"category-top": "12",
			"aliases":      "tug system info, tug info",
		},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return showInfo(cmd.Context(), s, format) },
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	return cmd
}

func showInfo(ctx context.Context, s *session.Session, format string) error {
	info := information{
		Info:       &system.Info{},
		ClientInfo: &clientInfo{clientVersion: ownVersion(s), Debug: s.Global.Debug, Plugins: []string{}},
	}
	answer, asked := askInfo(ctx, s)
	if asked == nil {
		info.Info = &answer
	} else if format == "" {
		info.Info = nil
	}
	if asked != nil && !client.IsErrConnectionFailed(asked) {
		info.ServerErrors = append(info.ServerErrors, asked.Error())
		if format != "" {
			_, _ = fmt.Fprintln(s.Err, asked)
		}
		asked = nil
	}
	if format != "" {
		return errors.Join(asked, formatInfo(s.Out, info, format))
	}
	writeClient(s.Out, *info.ClientInfo)
	_, _ = fmt.Fprint(s.Out, "\nServer:\n")
	if info.Info != nil {
		info.UserName = hubUser(s)
		writeServer(s.Out, info, info.Debug || s.Global.Debug)
		for _, warning := range info.Warnings {
			_, _ = fmt.Fprintln(s.Err, warning)
		}
	}
	if len(info.ServerErrors) > 0 {
		for _, text := range info.ServerErrors {
			_, _ = fmt.Fprintln(s.Err, "ERROR:", text)
		}
		return errors.New("errors pretty printing info")
	}
	return asked
}

func askInfo(ctx context.Context, s *session.Session) (system.Info, error) {
	api, err := s.API()
	if err != nil {
		return system.Info{}, err
	}
	answer, err := api.Info(ctx, client.InfoOptions{})
	return answer.Info, err
}

// hubUser is who the person is on Docker Hub, "" if that is not known.
func hubUser(s *session.Session) string {
	cfg, err := s.Config()
	if err != nil {
		return ""
	}
	login, err := cfg.Credentials("docker.io")
	if err != nil {
		return ""
	}
	return login.Username
}

func formatInfo(out io.Writer, info information, format string) error {
	if format == formatter.JSONFormatKey {
		format = formatter.JSONFormat
	}
	parsed, err := templates.Parse(format)
	if err != nil {
		return session.Status{Code: 64, Err: fmt.Errorf("template parsing error: %w", err)}
	}
	err = parsed.Execute(out, info)
	_, _ = fmt.Fprintln(out)
	return err
}
