package registry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	remoteerrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Repository is a repository that is pushed to.
type Repository struct {
	host  docker.RegistryHost
	name  string // "library/nginx"
	agent string
	wait  waitFunc
}

// Repository returns the repository with that name, "library/nginx", at the first of the hosts that takes pushes.
func (c *Client) Repository(name string) (*Repository, error) {
	at := slices.IndexFunc(c.hosts, func(h docker.RegistryHost) bool { return h.Capabilities.Has(docker.HostCapabilityPush) })
	if at < 0 {
		return nil, fmt.Errorf("none of the registry's hosts takes pushes: see its hosts.toml: %w", errdefs.ErrFailedPrecondition)
	}
	return &Repository{host: c.hosts[at], name: name, agent: c.agent, wait: c.wait}, nil
}

// url is a place of the repository: url("blobs", digest).
func (r *Repository) url(parts ...string) *url.URL {
	return (&url.URL{Scheme: r.host.Scheme, Host: r.host.Host, Path: r.host.Path}).JoinPath(append([]string{r.name}, parts...)...)
}

// scope is ctx with what a push needs to be allowed.
func (r *Repository) scope(ctx context.Context) context.Context {
	return docker.WithScope(ctx, "repository:"+r.name+":pull,push")
}

// do sends a request with a body of that size, if open is not nil.
func (r *Repository) do(ctx context.Context, method string, to *url.URL, header http.Header, size int64, open func() (io.ReadCloser, error)) (*http.Response, error) {
	return ask(ctx, r.host, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, method, to.String(), nil)
		if err != nil {
			return nil, err
		}
		for name, values := range header {
			req.Header[name] = values
		}
		if r.agent != "" {
			req.Header.Set("User-Agent", r.agent)
		}
		if open != nil {
			req.ContentLength, req.GetBody = size, open
			if req.Body, err = open(); err != nil {
				return nil, err
			}
		}
		return req, nil
	})
}

// Manifest puts a manifest or an index there, under a tag or its digest.
func (r *Repository) Manifest(ctx context.Context, reference, mediaType string, blob []byte) error {
	resp, err := r.do(r.scope(ctx), http.MethodPut, r.url("manifests", reference), http.Header{"Content-Type": {mediaType}}, int64(len(blob)),
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(blob)), nil })
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return remoteerrors.NewUnexpectedStatusErr(resp)
	}
	return is(resp, digest.FromBytes(blob))
}

// Has says whether the repository has a blob.
func (r *Repository) Has(ctx context.Context, d digest.Digest) (bool, error) {
	return r.has(ctx, r.url("blobs", d.String()), nil)
}

// HasManifest says whether the repository has a manifest or an index.
func (r *Repository) HasManifest(ctx context.Context, d digest.Digest) (bool, error) {
	return r.has(ctx, r.url("manifests", d.String()), http.Header{"Accept": {
		ocispec.MediaTypeImageManifest, ocispec.MediaTypeImageIndex, images.MediaTypeDockerSchema2Manifest, images.MediaTypeDockerSchema2ManifestList,
	}})
}

func (r *Repository) has(ctx context.Context, at *url.URL, header http.Header) (bool, error) {
	resp, err := r.do(r.scope(ctx), http.MethodHead, at, header, 0, nil)
	if err != nil {
		return false, err
	}
	resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return true, nil
	case http.StatusNotFound:
		return false, nil
	}
	return false, remoteerrors.NewUnexpectedStatusErr(resp)
}

// is refuses a registry's answer that it has something else than what was sent.
func is(resp *http.Response, want digest.Digest) error {
	got := resp.Header.Get("Docker-Content-Digest")
	if got != "" && got != want.String() {
		return fmt.Errorf("registry has %.100q now, and %s was sent: it is broken, or something on the way to it: %w", got, want, errdefs.ErrUnavailable)
	}
	return nil
}
