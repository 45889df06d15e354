package api

import (
	"encoding/json"

	"github.com/containerd/platforms"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// onePlatform reads the platform of an image that is saved or loaded, which since 1.48 is given as JSON: "linux/arm64", or nothing.
func (c *call) onePlatform() (string, error) {
	given := c.query["platform"]
	if c.before(48) || len(given) == 0 || given[0] == "" {
		return "", nil
	}
	if len(given) > 1 {
		return "", invalid("name one platform: an image is kept for one here")
	}
	return decodePlatform(given[0])
}

func decodePlatform(s string) (string, error) {
	var p ocispec.Platform
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return "", invalid("failed to parse platform: %w", err)
	}
	if p.OS == "" || p.Architecture == "" {
		return "", invalid("both OS and Architecture must be provided")
	}
	return platforms.Format(p), nil
}
