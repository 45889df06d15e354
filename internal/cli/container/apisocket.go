package container

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"tug/internal/cli/connection"
	"tug/internal/cli/creation"
	"tug/internal/cli/session"
)

// Where programs in a container look for the daemon, and where the credentials for it are put.
const (
	socketInContainer      = "/var/run/docker.sock"
	credentialsInContainer = "/run/secrets/docker/config.json"
)

// apiCredentials are the person's logins for a container that was given the API (--use-api-socket). They
// are copied in after it was created, so that they are in no one's view of its configuration.
type apiCredentials struct {
	logins map[string]types.AuthConfig
}

// mountAPI adds the daemon's socket to the request and finds the credentials to go with it; nil if there
// are none, or if the container was told to look for its own.
func mountAPI(s *session.Session, r *creation.Request) (*apiCredentials, error) {
	r.HostConfig.Mounts = append(r.HostConfig.Mounts, mount.Mount{
		Type:        mount.TypeBind,
		Source:      socketOnHost(s),
		Target:      socketInContainer,
		BindOptions: &mount.BindOptions{},
	})
	for _, variable := range r.Config.Env {
		if strings.HasPrefix(variable, "DOCKER_CONFIG=") {
			return nil, nil
		}
	}
	cfg, err := s.Config()
	if err != nil {
		return nil, err
	}
	logins, err := cfg.AllCredentials()
	if err != nil {
		return nil, fmt.Errorf("resolving credentials failed: %w", err)
	}
	if len(logins) == 0 {
		return nil, nil
	}
	r.Config.Env = append(r.Config.Env, "DOCKER_CONFIG="+path.Dir(credentialsInContainer))
	return &apiCredentials{logins: logins}, nil
}

// socketOnHost is the daemon's socket as far as this side can know it.
func socketOnHost(s *session.Session) string {
	host, _, err := s.Daemon()
	if err != nil || host.Socket() == "" {
		return connection.DefaultSocket
	}
	return host.Socket()
}

// copyInto puts the credentials into a container that has not been started.
func (c *apiCredentials) copyInto(ctx context.Context, api *connection.Client, id string) error {
	if c == nil {
		return nil
	}
	var config, archive bytes.Buffer
	if err := (&configfile.ConfigFile{AuthConfigs: c.logins}).SaveToWriter(&config); err != nil {
		return fmt.Errorf("injecting docker config.json into container failed: %w", err)
	}
	writer := tar.NewWriter(&archive)
	header := &tar.Header{Name: credentialsInContainer, Size: int64(config.Len()), Mode: 0o600}
	if err := writer.WriteHeader(header); err != nil {
		return err
	}
	if _, err := config.WriteTo(writer); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	_, err := api.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: "/", Content: &archive})
	if err != nil {
		return fmt.Errorf("injecting docker config.json into container failed: %w", err)
	}
	return nil
}
