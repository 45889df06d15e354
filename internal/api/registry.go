package api

import (
	"net/http"

	"github.com/moby/moby/api/types/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/image"
)

// registryLogin tries a person's credentials at a registry.
func registryLogin(c *call) error {
	var a registry.AuthConfig
	if err := c.body(&a); err != nil {
		return err
	}
	token, err := c.engine.Images().Login(c.ctx(), a.ServerAddress, authOf(a))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, registry.AuthResponse{Status: "Login Succeeded", IdentityToken: token})
}

func authOf(a registry.AuthConfig) image.Auth {
	return image.Auth{Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken}
}

// imageSearch asks an index for repositories.
func imageSearch(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	limit, err := c.number("limit")
	if err != nil {
		return err
	}
	o := image.SearchOptions{Filters: filters, Auth: c.registryAuth(), Limit: 25}
	if limit != nil && *limit != 0 {
		o.Limit = *limit
	}
	found, err := c.engine.Images().Search(c.ctx(), c.query.Get("term"), o)
	if err != nil {
		return err
	}
	out := make([]registry.SearchResult, 0, len(found))
	for _, f := range found {
		out = append(out, registry.SearchResult{
			Name: f.Name, Description: f.Description, StarCount: f.Stars, IsOfficial: f.Official,
		})
	}
	return c.json(http.StatusOK, out)
}

// distributionInspect answers with what a registry has under a name.
func distributionInspect(c *call) error {
	d, err := c.engine.Images().Distribution(c.ctx(), c.id(), c.registryAuth())
	if err != nil {
		return err
	}
	if d.Platforms == nil {
		d.Platforms = []ocispec.Platform{}
	}
	return c.json(http.StatusOK, registry.DistributionInspect{Descriptor: d.Descriptor, Platforms: d.Platforms})
}
