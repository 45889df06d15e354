package api

import (
	"net/http"

	"github.com/moby/moby/api/types/container"
)

// containerCreate records a new container. It is not started.
func containerCreate(c *call) error {
	req, warnings, err := c.takeCreate()
	if err != nil {
		return err
	}
	id, more, err := c.engine.Create(c.ctx(), req)
	if err != nil {
		return err
	}
	warnings = append(more, warnings...)
	if warnings == nil {
		warnings = []string{} // clients count them without a look for null
	}
	return c.json(http.StatusCreated, container.CreateResponse{ID: id, Warnings: warnings})
}

// containerPlan answers with what creating and starting a container would do, step by step, as text. Nothing is made.
func containerPlan(c *call) error {
	req, _, err := c.takeCreate()
	if err != nil {
		return err
	}
	text, err := c.engine.Plan(c.ctx(), req)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = c.w.Write([]byte(text))
	return err
}
