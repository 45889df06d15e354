package buildx

import (
	"context"

	"github.com/docker/buildx/commands"
	"github.com/docker/buildx/version"
	"github.com/docker/cli/cli-plugins/metadata"
	"github.com/docker/cli/cli-plugins/plugin"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/debug"
	"github.com/docker/cli/cli/flags"
	"github.com/docker/go-connections/tlsconfig"

	"tug/internal/cli/config"
	"tug/internal/cli/connection"
	"tug/internal/cli/contextstore"
	"tug/internal/cli/session"
)

// daemon is the one that tug's options and configuration mean, as Docker's libraries are told of it.
type daemon struct {
	session *session.Session
	docker  *command.DockerCli
	forward *forward // to one behind ssh, nil if it is not there
}

// prepare tells Docker's libraries which daemon is meant and what the person has configured. If it is needed, it is started where
// tug starts one.
func (d *daemon) prepare(ctx context.Context, needed bool) error {
	s := d.session
	if s.Global.Debug {
		debug.Enable()
	}
	name, err := s.ContextName()
	if err != nil {
		return err
	}
	host, tls, err := s.Daemon()
	if err != nil {
		return err
	}
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	if needed {
		if err := d.reach(ctx, host); err != nil {
			return err
		}
	}
	options := &flags.ClientOptions{ConfigDir: config.Folder(s.Global.Config, s.Getenv), Debug: debug.IsEnabled(), LogLevel: "info"}
	switch {
	case d.forward != nil:
		options.Hosts = []string{d.forward.address()}
	case name != contextstore.DefaultName:
		options.Context = name
	default:
		options.Hosts = []string{host.URL}
		options.TLS, options.TLSOptions = tls != nil, tlsOptions(tls)
	}
	if err := d.docker.Initialize(options); err != nil {
		return err
	}
	*d.docker.ConfigFile() = *cfg.Joined()
	return nil
}

// reach makes sure that the daemon can be spoken to, where that is not asked of Docker's libraries: those neither start one nor call
// tug on another machine.
func (d *daemon) reach(ctx context.Context, host connection.Host) error {
	api, err := d.session.API()
	if err != nil {
		return err
	}
	if host.Remote() {
		d.forward, err = newForward(api.Dial)
		return err
	}
	if host.Socket() == "" {
		return nil
	}
	conn, err := api.Dial(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}

func (d *daemon) close() {
	if d.forward != nil {
		d.forward.close()
	}
}

func tlsOptions(tls *connection.TLS) *tlsconfig.Options {
	if tls == nil {
		return nil
	}
	return &tlsconfig.Options{CAFile: tls.CAFile, CertFile: tls.CertFile, KeyFile: tls.KeyFile, InsecureSkipVerify: tls.SkipVerify}
}

// runForDocker is buildx as others than tug call it: alone, or as a plugin of the docker command line.
func runForDocker(docker *command.DockerCli) error {
	if plugin.RunningStandalone() {
		return commands.NewRootCmd("docker-buildx", false, docker).Execute()
	}
	return plugin.RunPlugin(docker, commands.NewRootCmd("buildx", true, docker), metadata.Metadata{
		SchemaVersion: "0.1.0",
		Vendor:        "tug",
		Version:       version.Version,
	})
}
