package system

import (
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/cli/command/formatter/tabwriter"
	"github.com/docker/cli/templates"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"tug/internal/cli/session"
)

// versions is what `version` knows, as templates see it.
type versions struct {
	Client clientVersion
	Server *serverVersion
}

type clientVersion struct {
	Platform          *client.PlatformInfo `json:"Platform,omitempty"`
	Version           string               `json:"Version,omitempty"`
	APIVersion        string               `json:"ApiVersion,omitempty"`
	DefaultAPIVersion string               `json:"DefaultAPIVersion,omitempty"`
	GitCommit         string               `json:"GitCommit,omitempty"`
	GoVersion         string               `json:"GoVersion,omitempty"`
	Os                string               `json:"Os,omitempty"`
	Arch              string               `json:"Arch,omitempty"`
	BuildTime         string               `json:"BuildTime,omitempty"`
	Context           string               `json:"Context"`
}

type serverVersion struct {
	Platform      client.PlatformInfo       `json:"Platform"`
	Version       string                    `json:"Version"`
	APIVersion    string                    `json:"ApiVersion"`
	MinAPIVersion string                    `json:"MinAPIVersion,omitempty"`
	Os            string                    `json:"Os"`
	Arch          string                    `json:"Arch"`
	Components    []system.ComponentVersion `json:"Components,omitempty"`
	GitCommit     string                    `json:"GitCommit,omitempty"`
	GoVersion     string                    `json:"GoVersion,omitempty"`
	KernelVersion string                    `json:"KernelVersion,omitempty"`
	Experimental  bool                      `json:"Experimental,omitempty"`
	BuildTime     string                    `json:"BuildTime,omitempty"`
}

// Version gives the version command.
func Version(s *session.Session) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:                   "version [OPTIONS]",
		Short:                 "Show the tug version information",
		Args:                  session.NoArgs,
		Annotations:           map[string]string{"category-top": "10"},
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return showVersion(cmd.Context(), s, format) },
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", session.InspectFormatHelp)
	return cmd
}

// showVersion prints the client's version and, if it can be reached, the daemon's.
func showVersion(ctx context.Context, s *session.Session, format string) error {
	print, err := versionPrinter(format)
	if err != nil {
		return session.Status{Code: 64, Err: err}
	}
	v := versions{Client: ownVersion(s)}
	answer, err := askVersion(ctx, s)
	if err == nil {
		v.Server = describeServer(answer)
		v.Client.APIVersion = spoken(answer.APIVersion)
	}
	table := tabwriter.NewWriter(s.Out, 20, 1, 1, ' ', 0)
	printErr := print(table, v)
	_, _ = table.Write([]byte("\n"))
	_ = table.Flush()
	if err != nil {
		return err
	}
	return printErr
}

func askVersion(ctx context.Context, s *session.Session) (client.ServerVersionResult, error) {
	api, err := s.API()
	if err != nil {
		return client.ServerVersionResult{}, err
	}
	return api.ServerVersion(ctx, client.ServerVersionOptions{})
}

func versionPrinter(format string) (func(io.Writer, versions) error, error) {
	switch format {
	case "":
		return func(out io.Writer, v versions) error { writeVersions(out, v); return nil }, nil
	case formatter.JSONFormatKey:
		format = formatter.JSONFormat
	}
	parsed, err := templates.Parse(format)
	if err != nil {
		return nil, fmt.Errorf("template parsing error: %w", err)
	}
	return func(out io.Writer, v versions) error { return parsed.Execute(out, v) }, nil
}

// ownVersion describes this program.
func ownVersion(s *session.Session) clientVersion {
	current, _ := s.ContextName() // where it fails, so does asking the daemon, and that is told
	return clientVersion{
		Version:           s.Version.Number,
		APIVersion:        client.MaxAPIVersion,
		DefaultAPIVersion: client.MaxAPIVersion,
		GoVersion:         runtime.Version(),
		GitCommit:         s.Version.Commit,
		BuildTime:         readableTime(s.Version.Built),
		Os:                runtime.GOOS,
		Arch:              runtime.GOARCH,
		Context:           current,
	}
}

// spoken is the API version that is used with a daemon that offers offered.
func spoken(offered string) string {
	minor := func(version string) int {
		_, after, _ := strings.Cut(version, ".")
		n, _ := strconv.Atoi(after)
		return n
	}
	if offered != "" && minor(offered) < minor(client.MaxAPIVersion) {
		return offered
	}
	return client.MaxAPIVersion
}

func describeServer(answer client.ServerVersionResult) *serverVersion {
	v := &serverVersion{
		Platform:      answer.Platform,
		Version:       answer.Version,
		APIVersion:    answer.APIVersion,
		MinAPIVersion: answer.MinAPIVersion,
		Os:            answer.Os,
		Arch:          answer.Arch,
		Components:    answer.Components,
	}
	for _, component := range v.Components {
		if component.Name != "Engine" {
			continue
		}
		details := component.Details
		v.GitCommit, v.GoVersion, v.KernelVersion = details["GitCommit"], details["GoVersion"], details["KernelVersion"]
		v.Experimental, _ = strconv.ParseBool(details["Experimental"])
		v.BuildTime = details["BuildTime"]
		if details["BuildTime"] != "" {
			details["BuildTime"] = readableTime(details["BuildTime"])
		}
		return v
	}
	v.Components = append(v.Components, system.ComponentVersion{
		Name:    "Engine",
		Version: v.Version,
		Details: map[string]string{"ApiVersion": v.APIVersion, "MinAPIVersion": v.MinAPIVersion, "Os": v.Os, "Arch": v.Arch},
	})
	return v
}

func writeVersions(out io.Writer, v versions) {
	c := v.Client
	line := func(format string, a ...any) { _, _ = fmt.Fprintf(out, format+"\n", a...) }
	line("Client:")
	line(" Version:\t%s", c.Version)
	downgraded := ""
	if c.APIVersion != c.DefaultAPIVersion {
		downgraded = " (downgraded from " + c.DefaultAPIVersion + ")"
	}
	line(" API version:\t%s%s", c.APIVersion, downgraded)
	line(" Go version:\t%s", c.GoVersion)
	line(" Git commit:\t%s", c.GitCommit)
	line(" Built:\t%s", c.BuildTime)
	line(" OS/Arch:\t%s/%s", c.Os, c.Arch)
	_, _ = fmt.Fprintf(out, " Context:\t%s", c.Context)
	if v.Server == nil {
		return
	}
	_, _ = fmt.Fprint(out, "\n\nServer:")
	if v.Server.Platform.Name != "" {
		_, _ = fmt.Fprint(out, " "+v.Server.Platform.Name)
	}
	for _, component := range v.Server.Components {
		writeComponent(out, v.Server, component)
	}
}

// writeComponent ends without a newline, which follows all of them.
func writeComponent(out io.Writer, server *serverVersion, component system.ComponentVersion) {
	line := func(format string, a ...any) { _, _ = fmt.Fprintf(out, "\n"+format, a...) }
	line(" %s:", component.Name)
	if component.Name != "Engine" {
		line("  Version:\t%s", component.Version)
		for _, key := range slices.Sorted(maps.Keys(component.Details)) {
			line("  %s:\t%s", key, component.Details[key])
		}
		return
	}
	d := component.Details
	line("  Version:\t%s", server.Version)
	line("  API version:\t%s (minimum version %s)", d["ApiVersion"], d["MinAPIVersion"])
	line("  Go version:\t%s", d["GoVersion"])
	line("  Git commit:\t%s", d["GitCommit"])
	line("  Built:\t%s", d["BuildTime"])
	line("  OS/Arch:\t%s/%s", d["Os"], d["Arch"])
	line("  Experimental:\t%s", d["Experimental"])
}

// readableTime rewrites a time in RFC 3339 for people.
func readableTime(value string) string {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return value
	}
	return t.Format(time.ANSIC)
}
