package registry

import (
	"context"
	"net/http"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
)

// Auth is what a user shows to a registry: a name with a password, or an identity token (which buys access tokens), or an access token.
type Auth struct {
	Username, Password string
	IdentityToken      string
	RegistryToken      string
}

// authorizer answers the challenges of host with the credentials, and of nobody else.
func (a Auth) authorizer(host string, client *http.Client) docker.Authorizer {
	if a.RegistryToken != "" {
		return bearer{host: host, token: a.RegistryToken}
	}
	return newInTurn(docker.NewDockerAuthorizer(docker.WithAuthClient(client), docker.WithAuthCreds(func(h string) (string, string, error) {
		switch {
		case h != host:
			return "", "", nil
		case a.IdentityToken != "":
			return "", a.IdentityToken, nil
		}
		return a.Username, a.Password, nil
	})))
}

// inTurn authorizes one request at a time: containerd's authorizer reads a token while another request fetches it. Whoever needs that
// one waits for it anyway.
type inTurn struct {
	docker.Authorizer
	turn chan struct{}
}

func newInTurn(a docker.Authorizer) inTurn { return inTurn{a, make(chan struct{}, 1)} }

func (a inTurn) Authorize(ctx context.Context, r *http.Request) error {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-a.turn }()
	return a.Authorizer.Authorize(ctx, r)
}

// bearer is an access token that the user already has.
type bearer struct{ host, token string }

func (b bearer) Authorize(_ context.Context, r *http.Request) error {
	if r.URL.Host == b.host {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return nil
}

func (b bearer) AddResponses(context.Context, []*http.Response) error {
	return errdefs.ErrNotImplemented // a token that was refused stays refused
}
