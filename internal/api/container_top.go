package api

import (
	"net/http"

	moby "github.com/moby/moby/api/types/container"
)

// containerTop answers with the processes in a container, as ps(1) shows them with the arguments that are given.
func containerTop(c *call) error {
	titles, rows, err := c.engine.Top(c.ctx(), c.id(), c.query.Get("ps_args"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, moby.TopResponse{Titles: titles, Processes: list(rows)})
}
