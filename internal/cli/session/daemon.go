package session

import (
	"errors"
	"fmt"
	"path/filepath"

	dcontext "github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/docker"

	"tug/internal/cli/config"
	"tug/internal/cli/connection"
	"tug/internal/cli/contextstore"
)

// ContextName is the context that is meant, whether it exists or not: --context; the default one if an
// address is given by -H, TUG_HOST or DOCKER_HOST; TUG_CONTEXT; DOCKER_CONTEXT; the one of `tug context use`;
// the default one.
func (s *Session) ContextName() (string, error) {
	if s.Global.Context != "" {
		if s.Global.Host != "" {
			return "", errors.New("conflicting options: cannot specify both --host and --context")
		}
		return s.Global.Context, nil
	}
	if variable, _ := connection.HostVariable(s.Getenv); s.Global.Host != "" || variable != "" {
		return contextstore.DefaultName, nil
	}
	for _, variable := range []string{"TUG_CONTEXT", "DOCKER_CONTEXT"} {
		if name := s.Getenv(variable); name != "" {
			return name, nil
		}
	}
	cfg, err := s.Config()
	if err != nil {
		return "", err
	}
	if name := cfg.CurrentContext(); name != "" {
		return name, nil
	}
	return contextstore.DefaultName, nil
}

// Contexts are those of this person.
func (s *Session) Contexts() *contextstore.Store {
	return contextstore.New(config.Folder(s.Global.Config, s.Getenv), config.DockerFolder(s.Getenv), s.unnamed)
}

// Daemon is the address that is meant, and the TLS that is wanted there, nil for none.
func (s *Session) Daemon() (connection.Host, *connection.TLS, error) {
	name, err := s.ContextName()
	if err != nil {
		return connection.Host{}, nil, err
	}
	if name == contextstore.DefaultName {
		tls := s.tls()
		host, err := connection.Resolve(s.Global.Host, s.Getenv, tls != nil)
		return host, tls, err
	}
	host, tls, err := s.named(name)
	if err != nil {
		return connection.Host{}, nil, fmt.Errorf("unable to resolve docker endpoint: %w", err)
	}
	return host, tls, nil
}

// named is the daemon of a context.
func (s *Session) named(context string) (connection.Host, *connection.TLS, error) {
	contexts := s.Contexts()
	found, err := contexts.GetMetadata(context)
	if err != nil {
		return connection.Host{}, nil, err
	}
	endpoint, err := docker.EndpointFromContext(found)
	if err != nil {
		return connection.Host{}, nil, err
	}
	files, err := contexts.ListTLSFiles(context)
	if err != nil {
		return connection.Host{}, nil, err
	}
	var tls *connection.TLS
	if names, has := files[docker.DockerEndpoint]; has || endpoint.SkipTLSVerify {
		tls = &connection.TLS{SkipVerify: endpoint.SkipTLSVerify}
		folder := filepath.Join(contexts.GetStorageInfo(context).TLSPath, docker.DockerEndpoint)
		if len(names) > 0 {
			tls.InFolder(folder)
		}
	}
	host, err := connection.ParseHost(endpoint.Host, tls != nil)
	host.Context = context
	return host, tls, err
}

// unnamed is the daemon of the default context.
func (s *Session) unnamed() (docker.Endpoint, error) {
	tls := s.tls()
	host, err := connection.Resolve(s.Global.Host, s.Getenv, tls != nil)
	if err != nil {
		return docker.Endpoint{}, err
	}
	endpoint := docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: host.URL}}
	if tls != nil {
		endpoint.SkipTLSVerify = tls.SkipVerify
		endpoint.TLSData, err = dcontext.TLSDataFromFiles(tls.CAFile, tls.CertFile, tls.KeyFile)
	}
	return endpoint, err
}

// tls gives the TLS that options and environment want, nil for none. Where nothing asks to verify the daemon, it
// is not verified, as with Docker.
func (s *Session) tls() *connection.TLS {
	verify := s.Getenv("DOCKER_TLS_VERIFY") != ""
	if given := s.Global.TLSVerify; given != nil {
		verify = *given
	}
	if !s.Global.TLS && s.Global.TLSVerify == nil && !verify {
		return nil
	}
	tls := s.Global.TLSFiles
	tls.SkipVerify = !verify
	folder := s.Getenv("DOCKER_CERT_PATH")
	if folder == "" {
		folder = config.Folder(s.Global.Config, s.Getenv)
	}
	tls.InFolder(folder)
	return &tls
}
