package api

import (
	"encoding/json"
	"net/http"

	"github.com/moby/moby/api/types/container"
	"tug/internal/engine"
)

// containerWait answers with a container's exit status once it has ended or is removed. Since 1.30 the head of the answer is sent at
// once: it tells the client that the wait is in place, so that it may start the container without missing its end.
func containerWait(c *call) error {
	cond := container.WaitConditionNotRunning
	if s := c.query.Get("condition"); s != "" && !c.before(30) {
		cond = container.WaitCondition(s)
	}
	switch cond {
	case container.WaitConditionNotRunning, container.WaitConditionNextExit, container.WaitConditionRemoved:
	default:
		return invalid("invalid condition: %q", string(cond))
	}
	results, err := c.engine.Wait(c.ctx(), c.id(), engine.WaitCondition(cond))
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json")
	if !c.before(30) {
		c.w.WriteHeader(http.StatusOK)
		if err := c.w.flush(); err != nil {
			return err
		}
	}
	var result engine.WaitResult
	select {
	case result = <-results:
	case <-c.ctx().Done():
		return c.ctx().Err()
	}
	answer := container.WaitResponse{StatusCode: int64(result.ExitCode)}
	if result.Err != nil {
		if cond == container.WaitConditionRemoved && c.before(34) {
			return nil // these clients know no Error, and take an empty answer for one
		}
		answer.Error = &container.WaitExitError{Message: result.Err.Error()}
	}
	return json.NewEncoder(&c.w).Encode(answer)
}
