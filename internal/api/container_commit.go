package api

import (
	"net/http"

	moby "github.com/moby/moby/api/types/container"

	"tug/internal/engine"
)

// containerCommit makes an image of a container.
func containerCommit(c *call) error {
	var in struct {
		*moby.Config
		Cmd        words
		Entrypoint words
	}
	if err := c.body(&in); err != nil {
		return err
	}
	ref, err := importReference(c.query.Get("repo"), c.query.Get("tag"))
	if err != nil {
		return err
	}
	req := engine.CommitRequest{
		Container: c.query.Get("container"), Ref: ref, Author: c.query.Get("author"), Comment: c.query.Get("comment"),
		Pause: c.flagOr("pause", true), Changes: c.query["changes"],
	}
	if in.Config != nil || in.Cmd != nil || in.Entrypoint != nil {
		if in.Config == nil {
			in.Config = &moby.Config{}
		}
		in.Config.Cmd, in.Config.Entrypoint = in.Cmd, in.Entrypoint
		config := takeConfig(in.Config)
		req.Config = &config
	}
	id, err := c.engine.Commit(c.ctx(), req)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, moby.CommitResponse{ID: id})
}
