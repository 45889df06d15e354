package api

import (
	"net/http"

	"github.com/moby/moby/api/types/build"
)

// buildPrune has nothing to remove: what builds keep comes with them.
func buildPrune(c *call) error {
	return c.json(http.StatusOK, build.CachePruneReport{CachesDeleted: []string{}})
}
