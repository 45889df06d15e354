package api

import (
	"net/http"

	moby "github.com/moby/moby/api/types/container"
)

// containerChanges answers with the files that a container has changed; null if there are none, as Docker's.
func containerChanges(c *call) error {
	changes, err := c.engine.Changes(c.ctx(), c.id())
	if err != nil {
		return err
	}
	var out []moby.FilesystemChange
	for _, change := range changes {
		out = append(out, moby.FilesystemChange{Kind: moby.ChangeType(change.Kind), Path: change.Path})
	}
	return c.json(http.StatusOK, out)
}

// containerExport answers with all files of a container as an archive.
func containerExport(c *call) error {
	c.w.Header().Set("Content-Type", "application/octet-stream")
	err := c.engine.Export(c.ctx(), c.id(), &c.w)
	if err != nil && c.w.status == 0 {
		c.w.Header().Del("Content-Type")
	}
	return err
}
