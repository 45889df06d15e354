package session

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"

	"tug/internal/cli/config"
	"tug/internal/cli/connection"
)

// Global are the options that may stand before the command.
type Global struct {
	Config      string
	Host        string
	Context     string
	NoAutostart bool
	Debug       bool
	TLS         bool
	TLSVerify   *bool // nil if not given
	TLSFiles    connection.TLS
}

// RegisterGlobal adds the options that stand before the command; they set s.Global.
func (s *Session) RegisterGlobal(flags *pflag.FlagSet) {
	g := &s.Global
	flags.StringVar(&g.Config, "config", config.Folder("", s.Getenv), "Location of client config files")
	flags.StringVarP(&g.Context, "context", "c", "",
		`Name of the context to use to connect to the daemon (overrides TUG_HOST and DOCKER_HOST env vars and default context set with "tug context use")`)
	flags.BoolVarP(&g.Debug, "debug", "D", false, "Enable debug mode")
	flags.VarP(&hostFlag{value: &g.Host}, "host", "H", "Daemon socket to connect to (TUG_HOST, DOCKER_HOST)")
	flags.StringP("log-level", "l", "info", `Set the logging level ("debug", "info", "warn", "error", "fatal")`)
	flags.BoolVar(&g.NoAutostart, "no-autostart", false, "Do not start the daemon if it is not running")
	flags.BoolVar(&g.TLS, "tls", s.Getenv("DOCKER_TLS") != "", "Use TLS; implied by --tlsverify")
	flags.BoolFunc("tlsverify", "Use TLS and verify the remote", func(value string) error {
		verify, err := strconv.ParseBool(value)
		g.TLSVerify = &verify
		return err
	})
	flags.StringVar(&g.TLSFiles.CAFile, "tlscacert", "", "Trust certs signed only by this CA")
	flags.StringVar(&g.TLSFiles.CertFile, "tlscert", "", "Path to TLS certificate file")
	flags.StringVar(&g.TLSFiles.KeyFile, "tlskey", "", "Path to TLS key file")
	flags.BoolP("version", "v", false, "Print version information and quit")
}

// Arguments gives the words that say g to another program which has these options.
func (g Global) Arguments() []string {
	var args []string
	for _, option := range []struct{ name, value string }{
		{"config", g.Config},
		{"context", g.Context},
		{"host", g.Host},
		{"tlscacert", g.TLSFiles.CAFile},
		{"tlscert", g.TLSFiles.CertFile},
		{"tlskey", g.TLSFiles.KeyFile},
	} {
		if option.value != "" {
			args = append(args, "--"+option.name+"="+option.value)
		}
	}
	if g.TLSVerify != nil {
		args = append(args, "--tlsverify="+strconv.FormatBool(*g.TLSVerify))
	}
	for _, option := range []struct {
		name  string
		given bool
	}{{"no-autostart", g.NoAutostart}, {"debug", g.Debug}, {"tls", g.TLS}} {
		if option.given {
			args = append(args, "--"+option.name)
		}
	}
	return args
}

// hostFlag is --host, which can be given once: there is one daemon.
type hostFlag struct {
	value *string
	given bool
}

// Set implements pflag.Value.
func (h *hostFlag) Set(value string) error {
	if h.given {
		return errors.New("specify only one -H")
	}
	*h.value, h.given = value, true
	return nil
}

// String implements pflag.Value.
func (h *hostFlag) String() string {
	if h.value == nil {
		return ""
	}
	return *h.value
}

// Type implements pflag.Value.
func (h *hostFlag) Type() string { return "string" }
