package api

import (
	"net/http"
	"strings"

	moby "github.com/moby/moby/api/types/image"

	"tug/internal/image"
)

// imageRemove takes a name away from an image, and removes it with its last one. The whole rest of the path is the name.
func imageRemove(c *call) error {
	name := c.r.PathValue("path")
	if strings.TrimSpace(name) == "" {
		return invalid("image name cannot be blank")
	}
	o := image.RemoveOptions{Force: c.flag("force"), NoPrune: c.flag("noprune")}
	if !c.before(50) {
		for _, p := range c.query["platforms"] {
			wanted, err := decodePlatform(p)
			if err != nil {
				return err
			}
			o.Platforms = append(o.Platforms, wanted)
		}
	}
	removed, err := c.engine.RemoveImage(c.ctx(), name, o)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list(showRemoved(removed)))
}

func showRemoved(removed []image.Removed) []moby.DeleteResponse {
	var out []moby.DeleteResponse
	for _, r := range removed {
		out = append(out, moby.DeleteResponse{Untagged: r.Untagged, Deleted: r.Deleted.String()})
	}
	return out
}

// imageTag gives an image another name.
func imageTag(c *call) error {
	ref, err := importReference(c.query.Get("repo"), c.query.Get("tag"))
	if err != nil {
		return err
	}
	if ref == "" {
		return invalid("invalid reference format: name a repository to tag the image into")
	}
	if err := c.engine.Images().Tag(c.ctx(), c.id(), ref); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusCreated)
	return nil
}
