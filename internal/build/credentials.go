package build

import (
	"context"

	"github.com/moby/buildkit/session/auth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Credentials are a person's, by the registry that they are for.
type Credentials map[string]Credential

// Credential is what is shown to a registry.
type Credential struct{ Username, Password, IdentityToken, RegistryToken string }

// hubHosts are the names of Docker Hub's registry in the requests that are made to it; clients keep its credentials under the first.
var hubHosts = []string{"https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"}

// For gives the credentials for a registry; none if nothing is known.
func (c Credentials) For(host string) Credential {
	if found, ok := c[host]; ok {
		return found
	}
	for _, scheme := range []string{"https://", "http://"} {
		for _, end := range []string{"", "/", "/v1/", "/v2/"} {
			if found, ok := c[scheme+host+end]; ok {
				return found
			}
		}
	}
	for i, name := range hubHosts {
		if i == 0 || name != host {
			continue
		}
		for _, other := range hubHosts {
			if found, ok := c[other]; ok {
				return found
			}
		}
	}
	return Credential{}
}

// keeper gives BuildKit the credentials that came with a request.
type keeper struct {
	auth.UnimplementedAuthServer
	credentials Credentials
}

// Register implements session.Attachable.
func (k *keeper) Register(s *grpc.Server) { auth.RegisterAuthServer(s, k) }

// Credentials implements auth.AuthServer: an identity token stands for a password that no user name goes with. For a registry token, which is shown
// to the registry itself, BuildKit has no place. Errors: InvalidArgument.
func (k *keeper) Credentials(_ context.Context, r *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	c := k.credentials.For(r.Host)
	if c.RegistryToken != "" {
		return nil, status.Errorf(codes.InvalidArgument, "the credentials for %s are a registry token, which builds cannot use: give a user name and a password, or an identity token", r.Host)
	}
	if c.IdentityToken != "" {
		return &auth.CredentialsResponse{Secret: c.IdentityToken}, nil
	}
	return &auth.CredentialsResponse{Username: c.Username, Secret: c.Password}, nil
}
