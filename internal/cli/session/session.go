// Package session is one invocation of tug as its commands see it: the streams of the terminal, the
// person's configuration, the global options, and the connection to the daemon. Configuration and
// connection are made when a command first asks for them; a command that needs neither pays for
// neither.
package session

import (
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/docker/cli/cli/streams"

	"tug/internal/cli/config"
	"tug/internal/cli/connection"
)

// Version is tug's own, set by the build.
type Version struct {
	Number string // "0.1.0"
	Commit string
	Built  string // RFC 3339
}

// Session is given to every command's constructor.
type Session struct {
	In      *streams.In
	Out     *streams.Out
	Err     *streams.Out
	Getenv  func(string) string
	Version Version
	Global  Global

	config func() (*config.Config, error)
	api    func() (*connection.Client, error)
}

// Global are the options that may stand before the command.
type Global struct {
	Config      string
	Host        string
	NoAutostart bool
	Debug       bool
	TLS         bool
	TLSVerify   bool
	TLSFiles    connection.TLS
}

// New makes a session of three streams. Files among them may be terminals.
func New(in io.ReadCloser, out, err io.Writer, getenv func(string) string, version Version) *Session {
	s := &Session{
		In:      streams.NewIn(in),
		Out:     streams.NewOut(out),
		Err:     streams.NewOut(err),
		Getenv:  getenv,
		Version: version,
	}
	s.config = sync.OnceValues(func() (*config.Config, error) {
		return config.Load(config.Folder(s.Global.Config, s.Getenv), s.Getenv)
	})
	s.api = sync.OnceValues(s.open)
	return s
}

// Config is the person's configuration.
func (s *Session) Config() (*config.Config, error) { return s.config() }

// API is the connection to the daemon; nothing is sent before its first request.
func (s *Session) API() (*connection.Client, error) { return s.api() }

// open makes the connection that the options, the environment and the configuration ask for.
func (s *Session) open() (*connection.Client, error) {
	tls := s.tls()
	host, err := connection.Resolve(s.Global.Host, s.Getenv, tls != nil)
	if err != nil {
		return nil, err
	}
	cfg, err := s.Config()
	if err != nil {
		return nil, err
	}
	return connection.Open(connection.Options{
		Host:       host,
		APIVersion: s.Getenv("DOCKER_API_VERSION"),
		TLS:        tls,
		Headers:    cfg.Headers(),
		UserAgent:  "tug/" + s.Version.Number + " (" + runtime.GOOS + ")",
		Autostart:  !s.Global.NoAutostart && cfg.Autostart,
	})
}

// tls gives the files of a TLS connection, or nil if none is wanted.
func (s *Session) tls() *connection.TLS {
	if !s.Global.TLS && !s.Global.TLSVerify && s.Getenv("DOCKER_TLS_VERIFY") == "" && s.Getenv("DOCKER_TLS") == "" {
		return nil
	}
	files := s.Global.TLSFiles
	folder := s.Getenv("DOCKER_CERT_PATH")
	if folder == "" {
		folder = config.Folder(s.Global.Config, s.Getenv)
	}
	orInFolder(&files.CAFile, folder, "ca.pem")
	orInFolder(&files.CertFile, folder, "cert.pem")
	orInFolder(&files.KeyFile, folder, "key.pem")
	return &files
}

// orInFolder sets *path to the file of that name in folder, if there is one and *path is not set.
func orInFolder(path *string, folder, name string) {
	if *path != "" {
		return
	}
	candidate := folder + string(os.PathSeparator) + name
	if _, err := os.Stat(candidate); err == nil {
		*path = candidate
	}
}
