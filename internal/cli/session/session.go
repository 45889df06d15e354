// Package session is one invocation of tug as its commands see it: the streams of the terminal, the
// person's configuration, the global options, and the connection to the daemon. Configuration and
// connection are made when a command first asks for them; a command that needs neither pays for
// neither.
package session

import (
	"io"
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
	host, tls, err := s.Daemon()
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
