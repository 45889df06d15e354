// Package registry holds the commands on registries (login, logout, search), and finds the credentials
// that others need.
package registry

import (
	"context"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config/types"
	"github.com/moby/moby/api/pkg/authconfig"
	registrytypes "github.com/moby/moby/api/types/registry"

	"tug/internal/cli/session"
)

// HubKey is the key under which the credentials of Docker Hub have always been kept.
const HubKey = "https://index.docker.io/v1/"

// EncodedAuth gives the X-Registry-Auth header for the registry that an image's name points to.
func EncodedAuth(ctx context.Context, s *session.Session, image string) (string, error) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return "", err
	}
	auth, err := login(ctx, s, reference.Domain(named))
	if err != nil {
		return "", err
	}
	return authconfig.Encode(forAPI(auth))
}

// login finds the stored login for a registry. A credential helper may ask the person something and so take any time: it is waited for until
// ctx ends, and left behind then.
func login(ctx context.Context, s *session.Session, domain string) (types.AuthConfig, error) {
	cfg, err := s.Config()
	if err != nil {
		return types.AuthConfig{}, err
	}
	type found struct {
		auth types.AuthConfig
		err  error
	}
	done := make(chan found, 1)
	go func() {
		auth, err := cfg.Credentials(domain)
		done <- found{auth, err}
	}()
	select {
	case f := <-done:
		return f.auth, f.err
	case <-ctx.Done():
		return types.AuthConfig{}, context.Cause(ctx)
	}
}

// forAPI is a stored login in the API's terms.
func forAPI(a types.AuthConfig) registrytypes.AuthConfig {
	return registrytypes.AuthConfig{
		Username:      a.Username,
		Password:      a.Password,
		Auth:          a.Auth,
		ServerAddress: a.ServerAddress,
		IdentityToken: a.IdentityToken,
		RegistryToken: a.RegistryToken,
	}
}
