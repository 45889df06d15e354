package registry

import (
	"context"
	"errors"
	"net/http"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	remoteerrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/containerd/errdefs"
)

// ask sends a request to a host with what that wants to be shown, for the scopes in ctx, and returns its answer, of any status but 401. What the first
// answer asks for is in the second request; make is called for each.
func ask(ctx context.Context, h docker.RegistryHost, make func() (*http.Request, error)) (*http.Response, error) {
	var before []*http.Response
	for range 3 {
		r, err := make()
		if err != nil {
			return nil, err
		}
		if r.URL.Host == h.Host {
			for name, values := range h.Header {
				r.Header[name] = values
			}
		}
		if err := h.Authorizer.Authorize(ctx, r); err != nil { // for the request's own host, if anything is known for that
			return nil, err
		}
		resp, err := h.Client.Do(r)
		if err != nil || resp.StatusCode != http.StatusUnauthorized {
			return resp, err
		}
		defer resp.Body.Close()
		before = append(before, resp)
		if err := h.Authorizer.AddResponses(ctx, before); err != nil {
			if errdefs.IsNotImplemented(err) {
				err = remoteerrors.NewUnexpectedStatusErr(resp)
			}
			return nil, err
		}
	}
	return nil, errors.Join(docker.ErrInvalidAuthorization, errdefs.ErrPermissionDenied)
}
