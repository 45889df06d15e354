package api

import (
	"encoding/json"

	"github.com/containerd/platforms"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/image"
)

// platforms reads for which platforms images are to be saved or loaded, which since 1.48 is given as JSON: "linux/arm64", or nothing for all. Before 1.52 it was one.
func (c *call) platforms() ([]string, error) {
	given := c.query["platform"]
	if c.before(48) || len(given) == 0 || given[0] == "" {
		return nil, nil
	}
	if len(given) > 1 && c.before(52) {
		return nil, invalid("name one platform: several can be named since API version 1.52")
	}
	var all []string
	for _, g := range given {
		p, err := decodePlatform(g)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// platform reads the platform of an image that is asked about, which since some version is given as JSON: "linux/arm64", or nothing.
func (c *call) platform(since version) (string, error) {
	given := c.query.Get("platform")
	if c.before(since) || given == "" {
		return "", nil
	}
	return decodePlatform(given)
}

func decodePlatform(s string) (string, error) {
	var p ocispec.Platform
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return "", invalid("failed to parse platform %.100q: give JSON such as {\"os\":\"linux\",\"architecture\":\"arm64\"}: %w", s, err)
	}
	if p.OS == "" || p.Architecture == "" {
		return "", invalid("both OS and Architecture must be provided")
	}
	text := platforms.Format(p)
	_, err := image.ParsePlatform(text)
	return text, err
}
