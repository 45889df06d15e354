package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	remoteerrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/containerd/errdefs"
)

const (
	maxTags     = 100_000 // of one repository
	maxTagPages = 1000
)

// Tags lists the tags of a repository, "library/nginx", at the first of the hosts that has it. See the OCI distribution specification, "Listing Tags".
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	ctx = docker.WithScope(ctx, "repository:"+repository+":pull")
	var first error
	for _, h := range c.hosts {
		if !h.Capabilities.Has(docker.HostCapabilityResolve) {
			continue
		}
		tags, err := allTags(ctx, h, repository)
		if err == nil {
			return tags, nil
		}
		if first == nil || errdefs.IsNotFound(first) {
			first = err
		}
	}
	return nil, first
}

func allTags(ctx context.Context, h docker.RegistryHost, repository string) ([]string, error) {
	page := &url.URL{Scheme: h.Scheme, Host: h.Host, Path: h.Path + "/" + repository + "/tags/list"}
	var tags []string
	for range maxTagPages {
		some, next, err := tagPage(ctx, h, page)
		if err != nil {
			return nil, err
		}
		tags = append(tags, some...)
		if len(tags) > maxTags {
			return nil, fmt.Errorf("repository %s has more than %d tags: %w", repository, maxTags, errdefs.ErrOutOfRange)
		}
		if next == "" {
			return tags, nil
		}
		to, err := page.Parse(next)
		if err != nil || to.Host != page.Host || to.Scheme != page.Scheme {
			return nil, fmt.Errorf("registry %s goes on with its tags at %.200q, which is not with it: %w", h.Host, next, errdefs.ErrUnavailable)
		}
		page = to
	}
	return nil, fmt.Errorf("registry %s gives the tags of %s in more than %d pages: %w", h.Host, repository, maxTagPages, errdefs.ErrOutOfRange)
}

// tagPage fetches one page, and tells where the next one is.
func tagPage(ctx context.Context, h docker.RegistryHost, page *url.URL) (tags []string, next string, err error) {
	resp, err := ask(ctx, h, func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, page.String(), nil)
	})
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", remoteerrors.NewUnexpectedStatusErr(resp)
	}
	var answer struct{ Tags []string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, "", fmt.Errorf("list of tags: %w: %w", err, errdefs.ErrUnavailable)
	}
	return answer.Tags, nextLink(resp.Header), nil
}

// nextLink is the target of the header Link that has the relation "next" (RFC 8288).
func nextLink(h http.Header) string {
	for _, link := range h.Values("Link") {
		target, params, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
		if ok && strings.Contains(params, `rel="next"`) {
			return target
		}
	}
	return ""
}
